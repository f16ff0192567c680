#!/usr/bin/env bash
# Which lines of the core are reached, by its own tests alone and by the fuzz corpus alone:
#
#   fuzz/coverage.sh [tests|corpus]     without an argument: both
#
# Prints a line for each file, and the lines that nothing reached. Asks rustup and cargo for llvm-tools
# and cargo-llvm-cov if they are missing. With another LLVM: LLVM_COV and LLVM_PROFDATA name its tools,
# which must be of the version that rustc has.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! cargo llvm-cov --version >/dev/null 2>&1; then
  cargo install cargo-llvm-cov --locked || {
    echo "coverage needs cargo-llvm-cov, and 'cargo install cargo-llvm-cov --locked' failed" >&2
    exit 1
  }
fi
# Not `grep -q`: it would end rustup before that has told all, which is a failure.
if [[ -z "${LLVM_COV-}" ]] && ! rustup component list --installed | grep llvm-tools >/dev/null; then
  rustup component add llvm-tools || {
    echo "coverage needs llvm-tools, and rustup could not add them; LLVM_COV and LLVM_PROFDATA name others" >&2
    exit 1
  }
fi

(($# > 0)) || set -- tests corpus
for by in "$@"; do
  case "$by" in
    # A message of 1 GiB takes minutes where each block of code counts, and reaches nothing new. Tests
    # that run the examples fail, since llvm-cov builds none: `make test` is what judges.
    tests) run=(-p ws-core --all-features --ignore-run-fail -- --skip 1_gib) ;;
    corpus) run=(-p ws-fuzz --test replay) ;;
    *)
      echo "no such coverage: $by" >&2
      exit 2
      ;;
  esac
  cargo llvm-cov clean --profraw-only
  cargo llvm-cov --locked --no-report "${run[@]}"
  printf '\n== ws-core, by its %s alone\n' "$by"
  cargo llvm-cov report -p ws-core --ignore-filename-regex '(tests|harness|fuzz)/' --show-missing-lines
done
