#!/usr/bin/env bash
# Mutation testing: breaks the core in every way that cargo-mutants knows, one at a time, and expects a
# test to fail each time:
#
#   fuzz/mutants.sh [AREA…]     without an area: all of them
#
# A mutant that no test fails on must be in fuzz/mutants.md with the reason; one that is there and does
# not survive is stale. Either fails. Asks cargo for cargo-mutants if it is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# One order for `sort` and `comm`.
export LC_ALL=C

# What is mutated, and the tests that are about it, with the features that they need: others would find
# the same later.
area() {
  features=deflate
  case "$1" in
    frame) files='frame/check frame/close frame/header frame/opcode' tests='header check close' ;;
    compile) files='frame/compile' tests='prepared' ;;
    utf8) files='utf8' tests='utf8' ;;
    closing) files='connection/closing' tests='closing closing_model closing_races timers' ;;
    grammar) files='handshake/extensions' tests='extensions upgrade_negotiation' ;;
    subprotocols) files='handshake/subprotocols handshake/policy'
      tests='upgrade upgrade_negotiation upgrade_policies' ;;
    answers) files='handshake/response'
      tests='dialer handshake_client handshake_server handshake_hs deflate_answers' ;;
    deflate) files='deflate/accept deflate/params deflate/policy deflate/terms'
      tests='deflate_negotiation deflate_offers deflate_answers deflate_held' ;;
    adapters) files='handshake/negotiated' tests='deflate_adapters' features='deflate,hyper' ;;
    *)
      echo "no such area: $1" >&2
      return 2
      ;;
  esac
}

if (($# == 0)); then
  set -- frame compile utf8 closing grammar subprotocols answers deflate adapters
fi

if ! cargo mutants --version >/dev/null 2>&1; then
  cargo install cargo-mutants --locked || {
    echo "mutation testing needs cargo-mutants, and 'cargo install cargo-mutants --locked' failed" >&2
    exit 1
  }
fi

# cargo-mutants copies the tree for each area; what is built of the dependencies is shared.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/mutants"
found="$CARGO_TARGET_DIR/areas"
missed="$found/missed"
rm -rf "$found"
mkdir -p "$found"
printf '| area | mutants | caught | timeout | unviable | missed |\n|---|---|---|---|---|---|\n' >"$found/table"
: >"$missed"
places=()
for name in "$@"; do
  area "$name"
  # Else every area would mutate all that cargo-mutants' configuration file names.
  options=(--no-config --package ws-core --features "$features" --cargo-arg=--locked)
  options+=(--minimum-test-timeout 60 --no-shuffle --colors never --output "$found/$name")
  for file in $files; do
    options+=(--file "ws-core/src/$file.rs")
    places+=("ws-core/src/$file.rs: ")
  done
  case "$name" in utf8 | closing) options+=(--cargo-arg=--lib) ;; esac
  for test in $tests; do
    options+=("--cargo-arg=--test=$test")
  done
  mkdir -p "$found/$name"
  # 2: a mutant survived, 3: a test timed out. Which, is judged below.
  cargo mutants "${options[@]}" || (($? == 2 || $? == 3))
  total=0
  row=''
  for outcome in caught timeout unviable missed; do
    mutants="$(wc -l <"$found/$name/mutants.out/$outcome.txt")"
    total=$((total + mutants))
    row+=" $mutants |"
  done
  echo "| $name | $total |$row" >>"$found/table"
  # The place in the file changes with every edit; what is mutated, and in which function, does not.
  sed -E 's/:[0-9]+:[0-9]+: /: /' "$found/$name/mutants.out/missed.txt" >>"$missed"
done

cat "$found/table"
{ grep -F -f <(printf '%s\n' "${places[@]}") fuzz/mutants.md || true; } | sort >"$found/explained"
sort -o "$missed" "$missed"
failed=0
while read -r mutant; do
  echo "survives, and fuzz/mutants.md does not say why: $mutant"
  failed=1
done < <(comm -23 "$missed" "$found/explained")
while read -r mutant; do
  echo "stale in fuzz/mutants.md, it does not survive: $mutant"
  failed=1
done < <(comm -13 "$missed" "$found/explained")
exit "$failed"
