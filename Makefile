# Everything here needs Rust and make; `autobahn` runs the real suite where there is Docker with compose
# or a Python 2.7, and our own engine elsewhere.

CARGO       ?= cargo
# Passed to every cargo command that builds; CI says --locked.
CARGO_FLAGS ?=
# Which direction the testee is judged in: server, client or both.
ROLE        ?= both
# Who runs the cases: auto, docker, wstest or native (our own engine).
ENGINE      ?= auto
# Which testees `make parity` and `make compare` take; empty is all.
ONLY        ?=
# Which cases, as the suite writes patterns; empty is all 517.
CASES       ?=
# Which target make fuzz runs, and how many seconds; fuzz-long takes all of them for as long each.
T           ?= frame_parse
SECONDS     ?= 60
# Which parts of the core make mutants breaks, as fuzz/mutants.sh names them; empty is all.
AREAS       ?=
# QUICK=--quick, for `make conformance` and `make compare`: fewer messages in groups 12 and 13.
QUICK       ?=
# make bench-peers: rounds of every row, idle connections, and where to write the table.
ROUNDS      ?= 7
IDLE        ?= 10000
OUT         ?=
# make soak: how many seeds of the simulated network.
SEEDS       ?= 1000

BUILT  := $(or $(CARGO_TARGET_DIR),target)/release
SELECT := $(if $(strip $(CASES)),--cases '$(strip $(CASES))')

.DEFAULT_GOAL := help
.PHONY: help autobahn conformance parity compare test page-test soak lint docs bench bench-peers \
  gate bless summary harness fuzz fuzz-smoke fuzz-long fuzz-keep fuzz-seeds mutants coverage interop

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  make autobahn CASES='1.* 12.1.*' ROLE=server ENGINE=wstest narrows it down"

autobahn: harness ## The main job: Autobahn|Testsuite against our server and client, then the gate
	$(BUILT)/wsconf autobahn --role $(ROLE) --engine $(ENGINE) $(SELECT) --fail-on never
	$(BUILT)/wsconf gate --role $(ROLE) $(SELECT)

conformance: harness ## The same cases by our own engine, then the gate; QUICK=--quick takes seconds
	$(BUILT)/wsconf autobahn --role $(ROLE) --engine native $(QUICK) $(SELECT) --out reports/latest/native --fail-on never
	$(BUILT)/wsconf gate --role $(ROLE) $(SELECT) --latest reports/latest/native

parity: export WS_PEERS := $(abspath $(or $(CARGO_TARGET_DIR),target)/peers)
parity: harness ## The suite and our engine against the same testees, verdict by verdict
	$(CARGO) build $(CARGO_FLAGS) --release -p ws-peers --bins
	harness/peers/install.sh $(WS_PEERS)
	$(BUILT)/wsconf parity --testees harness/peers/testees.toml --role $(ROLE) $(SELECT) $(addprefix --only ,$(ONLY))

compare: export WS_PEERS := $(abspath $(or $(CARGO_TARGET_DIR),target)/peers)
compare: harness ## Our engine against published implementations, as a page and a table
	$(CARGO) build $(CARGO_FLAGS) --release -p ws-peers --bins
	harness/peers/install.sh $(WS_PEERS) || echo "not installed: those that are missing are told as not judged"
	$(BUILT)/wsconf compare --testees harness/peers/testees.toml --testees harness/peers/more.toml \
	  --role $(ROLE) $(QUICK) $(SELECT) $(addprefix --only ,$(ONLY))

interop: export WS_PEERS := $(abspath $(or $(CARGO_TARGET_DIR),target)/peers)
interop: ## What other implementations, and a browser, make of our client, server and corpus
	harness/peers/install_interop.sh $(WS_PEERS)
	$(CARGO) test $(CARGO_FLAGS) -p ws-core --all-features --test peers -- --ignored --nocapture --test-threads=1
	$(CARGO) test $(CARGO_FLAGS) -p ws-fuzz --test others -- --ignored --nocapture

test: ## All tests, documentation and fuzz replay included
	$(CARGO) test $(CARGO_FLAGS) --workspace --exclude ws-peers --all-features

# The long forms of the tests under load, one at a time. Needs Linux and `ulimit -Hn` of 10,100.
soak: export WS_CORE_SOAK := 1
soak: export WS_CORE_SEEDS := $(SEEDS)
soak: ## The fault tests at full size, as a table: 10,000 connections, 1 GiB, SEEDS=1000
	$(CARGO) test $(CARGO_FLAGS) --release -p ws-core --all-features --no-fail-fast \
	  --test load_many --test load_hostile --test load_ends --test simulation -- --nocapture --test-threads=1

page-test: export WSCONF_PAGE_TEST := 1
page-test: export WSCONF_SHOTS := $(abspath $(or $(CARGO_TARGET_DIR),target)/page-test)
page-test: ## The page of reports in a real Chromium; pictures go to target/page-test
	$(CARGO) test $(CARGO_FLAGS) -p ws-harness --test page_browser -- --nocapture

lint: ## Format, clippy, and the core without std
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(CARGO_FLAGS) --workspace --all-targets --all-features -- -D warnings
	$(CARGO) clippy $(CARGO_FLAGS) -p ws-core --no-default-features -- -D warnings
	$(CARGO) clippy $(CARGO_FLAGS) -p ws-core --no-default-features --features alloc -- -D warnings
	$(CARGO) clippy $(CARGO_FLAGS) -p ws-core -- -D warnings
	$(CARGO) clippy $(CARGO_FLAGS) -p ws-core --features deflate -- -D warnings

docs: ## The documentation, without warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(CARGO_FLAGS) --workspace --all-features --no-deps

fuzz: ## One fuzz target: make fuzz T=frame_parse SECONDS=60
	fuzz/run.sh $(SECONDS) $(T)

fuzz-smoke: ## Every fuzz target with the same few thousand inputs
	fuzz/run.sh smoke

fuzz-long: SECONDS := 1200
fuzz-long: ## Every fuzz target for 20 minutes
	fuzz/run.sh $(SECONDS)

fuzz-keep: ## What fuzzing found, as few inputs as reach all of it, into the corpus
	fuzz/keep.sh

fuzz-seeds: harness ## The conformance cases as seeds, those that reach something new
	$(BUILT)/wsconf seeds --out fuzz/corpus
	fuzz/minimise.sh

mutants: ## Break the core in every way that cargo-mutants knows: a test must notice, AREAS='utf8 closing'
	fuzz/mutants.sh $(AREAS)

coverage: ## Lines of the core that its tests reach, and that the fuzz corpus does
	fuzz/coverage.sh

bench: ## The benches of the core
	$(CARGO) bench $(CARGO_FLAGS) -p ws-core --all-features

bench-peers: export WS_PEERS := $(abspath $(or $(CARGO_TARGET_DIR),target)/peers)
bench-peers: ## CPU per message, idle memory and handshakes over TCP, beside published implementations
	$(CARGO) build $(CARGO_FLAGS) --release -p ws-peers --bins
	harness/peers/install.sh $(WS_PEERS) bun || echo "Bun is not installed: it is left out"
	ulimit -n $$(ulimit -Hn) && $(BUILT)/bench-peers --rounds $(ROUNDS) --idle $(IDLE) $(if $(OUT),--out $(OUT))

gate: harness ## Compare reports/latest with reports/baseline
	$(BUILT)/wsconf gate --role $(ROLE) $(SELECT)

bless: harness ## Make reports/latest the baselines, and write what is made of them
	$(BUILT)/wsconf bless --role $(ROLE)
	$(BUILT)/wsconf summary

summary: harness ## Write reports/conformance.md and the README's table from the baselines
	$(BUILT)/wsconf summary

harness:
	$(CARGO) build $(CARGO_FLAGS) --release -p ws-harness --bins
