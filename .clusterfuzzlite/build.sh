#!/bin/bash
# Builds every fuzz target into $OUT, with its seeds, its dictionary and its options. Called by
# ClusterFuzzLite and OSS-Fuzz, whose images set $SRC and $OUT and have cargo-fuzz.
set -euo pipefail
cd "$SRC/ws-core"

# For a coverage build the images run `cargo build` instead, and leave out the options; where it builds
# they ask cargo.
export CARGO_TARGET_DIR="$SRC/fuzz-build"
# Debug assertions and overflow checks stay: what they find is found.
cargo fuzz build --release --debug-assertions

for program in fuzz/fuzz_targets/*.rs; do
  target="$(basename "$program" .rs)"
  cp "$CARGO_TARGET_DIR/x86_64-unknown-linux-gnu/release/$target" "$OUT/$target"
  seeds="$(mktemp -d)"
  cp "fuzz/corpus/$target"/* "$seeds"
  for input in "fuzz/regressions/$target"/*; do
    if [[ "$(basename "$input")" != README.md ]]; then
      cp "$input" "$seeds/regression_$(basename "$input")"
    fi
  done
  rm -f "$OUT/${target}_seed_corpus.zip"
  zip -q -j "$OUT/${target}_seed_corpus.zip" "$seeds"/*
  rm -r "$seeds"
  if [[ -e "fuzz/dictionaries/$target.dict" ]]; then
    cp -L "fuzz/dictionaries/$target.dict" "$OUT/$target.dict"
  fi
  printf '[libfuzzer]\nmax_len = 4096\ntimeout = 10\n' >"$OUT/$target.options"
done
