#!/usr/bin/env bash
# Takes what fuzzing has found into the corpus: as few inputs as reach all the code that any of them
# reaches and no other input of the corpus does.
#
#   fuzz/keep.sh [TARGET…]     without a target: all of them
#
# Reads fuzz/target/found, where run.sh puts it, and what was kept before: an input that no longer
# reaches anything of its own goes. They are named found_ and the first octets of their hash; an input
# that somebody can name should get a better one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

if (($# == 0)); then
  for program in fuzz_targets/*.rs; do
    set -- "$@" "$(basename "$program" .rs)"
  done
fi

source ./tools.sh
need_fuzzing_tools

cargo +nightly fuzz build
mkdir -p target
pool="$(mktemp -d "$PWD/target/pool.XXXXXX")"
trap 'rm -rf "$pool"' EXIT
for target in "$@"; do
  mkdir -p "target/found/$target" "$pool/$target/named" "$pool/$target/found"
  for input in "corpus/$target"/*; do
    kind=named
    # Those named by their hash: `cargo fuzz run` puts what it finds into the corpus itself.
    [[ ! "$input" =~ /(found_[0-9a-f]+|[0-9a-f]{40})$ ]] || kind=found
    cp "$input" "$pool/$target/$kind"
  done
  # The merge would pass over an input that breaks the property.
  cargo +nightly fuzz run "$target" "$pool/$target/named" "$pool/$target/found" "target/found/$target" \
    -- -runs=0 -max_len=4096 -rss_limit_mb=4096
  # What reaches a block more often than another input does is not kept for that: coverage is of edges.
  cargo +nightly fuzz run "$target" "$pool/$target/named" "$pool/$target/found" "target/found/$target" \
    -- -set_cover_merge=1 -use_counters=0 -max_len=4096 -rss_limit_mb=4096
  find "corpus/$target" -type f -regextype posix-extended -regex '.*/(found_[0-9a-f]+|[0-9a-f]{40})' -delete
  kept=0
  # It names what it adds by its hash.
  while read -r input; do
    cp "$input" "corpus/$target/found_$(basename "$input" | cut -c 1-10)"
    kept=$((kept + 1))
  done < <(find "$pool/$target/named" -type f | grep -E '/[0-9a-f]{40}$')
  printf '== %s: %d of what was found kept\n' "$target" "$kept"
done
