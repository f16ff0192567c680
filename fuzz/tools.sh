# What fuzzing needs beyond the toolchain of the repository; sourced by the scripts beside it.

need_fuzzing_tools() {
  if ! cargo +nightly --version >/dev/null 2>&1; then
    rustup toolchain install nightly --profile minimal --no-self-update || {
      echo "fuzzing needs a nightly toolchain (sanitizers), and rustup could not install one" >&2
      return 1
    }
  fi
  if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
    cargo install cargo-fuzz --locked || {
      echo "fuzzing needs cargo-fuzz, and 'cargo install cargo-fuzz --locked' failed" >&2
      return 1
    }
  fi
}
