#!/usr/bin/env bash
# Drops the seeds made of conformance cases that reach nothing which other inputs do not reach:
#
#   fuzz/minimise.sh [TARGET…]     without a target: all of them
#
# `cargo fuzz cmin` names what it keeps by its hash; here everything keeps the name that says what it
# is. Inputs that people have written stay, whatever they reach; what fuzzing found (keep.sh) displaces
# no case.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

if (($# == 0)); then
  for program in fuzz_targets/*.rs; do
    set -- "$@" "$(basename "$program" .rs)"
  done
fi

source ./tools.sh
need_fuzzing_tools

# On the file system of this folder: `cmin` renames what it keeps.
mkdir -p target
kept="$(mktemp -d "$PWD/target/kept.XXXXXX")"
trap 'rm -rf "$kept"' EXIT
for target in "$@"; do
  cp -R "corpus/$target" "$kept/$target"
  rm -f "$kept/$target"/found_*
  cargo +nightly fuzz cmin "$target" "$kept/$target" -- -max_len=4096 -rss_limit_mb=2048
  # An input that breaks the property ends `cmin` without an error of its own, and nothing was judged.
  if find "$kept/$target" -type f | grep -qvE '/[0-9a-f]{40}$'; then
    echo "$target was not minimised, its corpus is as before" >&2
    exit 1
  fi
  before=0
  dropped=0
  # Inputs of people first, so that a case which is the same as one of them goes, and so does one which
  # is the same as an earlier case.
  while read -r seed; do
    reaches="$kept/$target/$(sha1sum <"$seed" | cut -d ' ' -f 1)"
    if [[ "$seed" == */case_* ]]; then
      before=$((before + 1))
      if [[ ! -e "$reaches" ]]; then
        rm "$seed"
        dropped=$((dropped + 1))
      fi
    fi
    rm -f "$reaches"
  done < <(
    find "corpus/$target" -type f ! -name 'case_*' ! -name 'found_*'
    find "corpus/$target" -type f -name 'case_*' | sort
  )
  printf '== %s: %d of %d cases kept\n' "$target" $((before - dropped)) "$before"
done
