# `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

SWIFT ?= swift
# Link the Swift libraries statically, so that the binary runs without an installed Swift.
RELEASE := $(SWIFT) build -c release --static-swift-stdlib --product sluice
BINARY := $(CURDIR)/.build/release/sluice
FUZZ_SECONDS ?= 60
IMAGE ?= sluice:latest

.PHONY: help
help: ## prints this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: run
run: deps ## runs the gateway in development mode, with a stand-in for Zizq
	$(SWIFT) run sluice dev

.PHONY: deps
deps: PACKAGES = libssl-dev libsqlite3-dev libyaml-dev
# strace, to observe system calls of the shipped binary and inject faults; curl and sqlite3, which commands in documents use; python3,
# for test helpers; python3-jsonschema, to validate route files against their schema.
.PHONY: test-deps
test-deps: PACKAGES = curl python3 python3-jsonschema sqlite3 strace
deps test-deps:
	@missing=""; for package in $(PACKAGES); do \
		dpkg -s "$$package" >/dev/null 2>&1 || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
		sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		$$sudo apt-get update && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y --no-install-recommends $$missing; \
	fi

.PHONY: format
format: ## formats the sources
	$(SWIFT) format -i -r Sources Tests Benchmarks Package.swift

.PHONY: lint
lint: ## checks the format
	$(SWIFT) format lint --strict -r Sources Tests Benchmarks Package.swift

.PHONY: build
build: deps ## builds the tests, benchmarks, fuzzers and their dependencies; warnings are errors
	SLUICE_BENCH=1 $(SWIFT) build --build-tests

.PHONY: release
release: deps ## builds the release binary
	$(RELEASE)

# Checks the alert rules. Unpacked and not installed, because the package starts a server; without it a test is skipped.
PROMETHEUS := .build/prometheus
.PHONY: promtool
promtool: test-deps
	@command -v promtool >/dev/null || test -x $(PROMETHEUS)/usr/bin/promtool || { \
		mkdir -p $(PROMETHEUS) && cd $(PROMETHEUS) && apt-get download -q prometheus && dpkg-deb -x prometheus_*.deb . && \
		rm prometheus_*.deb; } || echo "promtool is not available: the alert rules are not checked" >&2

# 32 tests at a time: with all of them started at once, those that compute delay each step of those that wait. What failed
# among thousands of tests is printed once more, so that it also stands before the closing line. A runner that was ended by
# a signal reports success, so its closing line has to be there.
.PHONY: test
test: export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH = 32
test: build release test-deps promtool ## runs all tests, including those of the release binary
	SLUICE_BINARY=$(BINARY) $(SWIFT) test --skip-build 2>&1 | tee .build/tests.log && \
	grep -q '^✔ Test run with ' .build/tests.log || { \
		grep '^ *✘' .build/tests.log || true; \
		exit 1; \
	}

.PHONY: check
check: lint test ## what CI runs

.PHONY: docs
docs: ## regenerates the documentation pages that come from the code
	WRITE_DOCS=1 $(SWIFT) test --filter 'TidyTests.ReferenceTests/page'

.PHONY: bench
bench: release ## measures throughput, latency and memory, compared with nginx and plain SQLite
	SLUICE_BENCH=1 $(SWIFT) build -c release --static-swift-stdlib --product BareLoop
	SLUICE_BINARY=$(BINARY) BARE_LOOP=$(CURDIR)/.build/release/BareLoop Benchmarks/run

.PHONY: bench-scale
bench-scale: release ## measures the gateway with 50 million keys and 10 million jobs in its outbox (half an hour, 20 GB)
	SLUICE_BENCH=1 $(SWIFT) build -c release --static-swift-stdlib --product ScaleBench
	SLUICE_BINARY=$(BINARY) SCALE_BENCH=$(CURDIR)/.build/release/ScaleBench Benchmarks/scale

.PHONY: bench-relay
bench-relay: release ## measures how fast a backlog drains, with and without jobs that the queue does not accept
	SLUICE_BINARY=$(BINARY) python3 Benchmarks/relay

.PHONY: bench-providers
bench-providers: release ## measures how fast each preset with an HMAC is verified, compared with GitHub's
	SLUICE_BINARY=$(BINARY) Benchmarks/providers

# Benchmarks/attack/README.md says what each program shows, and which options choose less.
.PHONY: bench-attack
bench-attack: release ## measures what legitimate senders get during each of the known attacks (half an hour)
	export SLUICE_BINARY=$(BINARY); failed=0; \
	for program in run "run --memory" forgery.py records.py bodies.py starving.py endings.py; do \
		echo "== $$program"; python3 Benchmarks/attack/$$program || failed=1; \
	done; \
	exit $$failed

.PHONY: bench-client
bench-client: release ## measures the Zizq client, compared with Foundation's coders
	SLUICE_BENCH=1 $(SWIFT) build -c release --static-swift-stdlib --product ClientBench
	SLUICE_BINARY=$(BINARY) CLIENT_BENCH=$(CURDIR)/.build/release/ClientBench Benchmarks/client

.PHONY: bench-routes
bench-routes: deps ## measures loading, lookup and rendering with ten thousand routes
	SLUICE_BENCH=1 $(SWIFT) build -c release --static-swift-stdlib --product RoutesBench
	.build/release/RoutesBench Benchmarks/body.json

.PHONY: simulate
SEEDS ?= 1000
simulate: build ## runs outbox and relay through SEEDS random histories of faults, power cuts, clocks and commands
	SIMULATE_SEEDS=$(SEEDS) $(SWIFT) test --skip-build --filter SimulationTests

# Tests/Proof/README.md says what crash and soak check, and lists their variables.
.PHONY: crash
crash: export DISK_SHIM = $(CURDIR)/.build/disk.so
crash: release test-deps ## kills gateway and queue under load on a failing disk: ROUNDS=200, SEED= plays the same again
	cc -shared -fPIC -O2 -o "$(DISK_SHIM)" Tests/DiskShim/disk.c
	SLUICE_BINARY=$(BINARY) python3 Tests/Proof/crash.py

.PHONY: soak
soak: build release test-deps ## runs memory loads at full length, and a compressed week with outages: HOURS=0.25
	SLUICE_BINARY=$(BINARY) MEMORY_SECONDS=20 $(SWIFT) test --skip-build --filter ResidentMemoryTests
	SLUICE_BINARY=$(BINARY) python3 Tests/Proof/soak.py

# A separate build folder, so that the two builds do not invalidate each other.
.PHONY: tsan
tsan: deps ## runs the module tests under the thread sanitizer
	TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/tsan-suppressions.txt halt_on_error=0" \
		$(SWIFT) test --sanitize thread --scratch-path .build-tsan --skip 'SystemTests|TidyTests'

# Findings go to .build-fuzz/found. The seed inputs are in Tests/Fuzz; for route files, every folder with route files is used.
# Swift's crash handler is disabled because it would run before libFuzzer's, which saves the input.
.PHONY: fuzz
fuzz: ROUTE_SEEDS = routes Tests/SluiceRoutesTests/Schema/Good Tests/SluiceRoutesTests/Schema/Broken
fuzz: deps ## fuzzes the HTTP, JSON, body, route file and reference parsers and the verifier, a minute each
	export SLUICE_FUZZ=1 SWIFT_BACKTRACE=enable=no; \
	for fuzzer in RequestParserFuzz JSONScannerFuzz BodyReaderFuzz RouteFileFuzz ReferenceFuzz SignatureFuzz \
		VerifierFuzz; do \
		seeds="Tests/Fuzz/$$fuzzer/corpus"; \
		[ "$$fuzzer" != RouteFileFuzz ] || seeds="$$seeds $(ROUTE_SEEDS)"; \
		$(SWIFT) build -c release --scratch-path .build-fuzz --product "$$fuzzer"; \
		mkdir -p ".build-fuzz/found/$$fuzzer"; \
		".build-fuzz/release/$$fuzzer" -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 \
			-artifact_prefix=".build-fuzz/found/$$fuzzer-" ".build-fuzz/found/$$fuzzer" $$seeds; \
	done

.PHONY: image
image: ## builds the container image
	docker build -f docker/Dockerfile -t $(IMAGE) .

.PHONY: clean
clean: ## removes build results and the data of `make run`
	rm -rf .build .build-* .sluice
