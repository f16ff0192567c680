#!/usr/bin/env bash
# Fuzzes targets one after the other, and stops at the first input that breaks a property:
#
#   fuzz/run.sh SECONDS [TARGET…]     without a target: all of them, so many seconds each
#   fuzz/run.sh smoke [TARGET…]       the same few thousand inputs every time, for CI: from the corpus,
#                                     whatever was found before; without AddressSanitizer, which has
#                                     little to find where unsafe code is forbidden, and takes as long again
#
# Inputs that reach something new go to fuzz/target/found/TARGET, not into the corpus: what is worth
# keeping gets a name that says what it is. Needs a nightly toolchain and cargo-fuzz; asks rustup and
# cargo for them if they are missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

seconds="${1:?how many seconds each target runs}"
shift
limits=(-max_total_time="$seconds")
found=target/found
sanitizer=address
if [[ "$seconds" == smoke ]]; then
  limits=(-runs=3000 -seed=1)
  sanitizer=none
  found="$(mktemp -d)"
  trap 'rm -rf "$found"' EXIT
fi
if (($# == 0)); then
  for program in fuzz_targets/*.rs; do
    set -- "$@" "$(basename "$program" .rs)"
  done
fi

source ./tools.sh
need_fuzzing_tools

cargo +nightly fuzz build -s "$sanitizer"
for target in "$@"; do
  printf '\n== %s, %s\n' "$target" "${limits[*]}"
  mkdir -p "$found/$target"
  options=("${limits[@]}" -max_len=4096 -timeout=10 -rss_limit_mb=2048)
  options+=(-print_final_stats=1 -verbosity=0)
  if [[ -e "dictionaries/$target.dict" ]]; then
    options+=("-dict=$PWD/dictionaries/$target.dict")
  fi
  cargo +nightly fuzz run -s "$sanitizer" "$target" "$found/$target" "corpus/$target" "regressions/$target" \
    -- "${options[@]}"
done
