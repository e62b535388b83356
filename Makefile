# What there is to do here; each target says what it does in its line of `make help`.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

SWIFT ?= swift
# The Swift libraries are linked in, so that the binary runs where no Swift is.
RELEASE := $(SWIFT) build -c release --static-swift-stdlib --product sluice
BINARY := $(CURDIR)/.build/release/sluice
FUZZ_SECONDS ?= 60
CRASH_ROUNDS ?= 20
IMAGE ?= sluice:latest

.PHONY: help
help: ## prints this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: run
run: deps ## runs the gateway for trying out, with a development stand-in for Zizq
	$(SWIFT) run sluice dev

.PHONY: deps
deps: PACKAGES = libssl-dev libsqlite3-dev libyaml-dev
# strace, with which tests watch and spoil system calls of the shipped binary; curl and sqlite3, which documents tell people to use; python3,
# which runs the types that are printed for it; python3-jsonschema, with which tests validate route files against their schema.
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
build: deps ## builds the tests and everything they need; a warning is an error
	$(SWIFT) build --build-tests

.PHONY: release
release: deps ## builds the binary that is shipped
	$(RELEASE)

.PHONY: test
test: build release test-deps ## runs all tests, those of the shipped binary included
	SLUICE_BINARY=$(BINARY) $(SWIFT) test --skip-build

.PHONY: check
check: lint test ## what CI runs

.PHONY: docs
docs: ## writes the pages that are made from the code
	WRITE_DOCS=1 $(SWIFT) test --filter 'TidyTests.ReferenceTests/settings'

.PHONY: bench
bench: release ## measures throughput, latency and memory beside nginx and SQLite alone, and prints a table
	SLUICE_BENCH=1 $(SWIFT) build -c release --static-swift-stdlib --product BareLoop
	SLUICE_BINARY=$(BINARY) BARE_LOOP=$(CURDIR)/.build/release/BareLoop Benchmarks/run

.PHONY: bench-client
bench-client: release ## measures the Zizq client beside Foundation's coders
	SLUICE_BENCH=1 $(SWIFT) build -c release --static-swift-stdlib --product ClientBench
	SLUICE_BINARY=$(BINARY) CLIENT_BENCH=$(CURDIR)/.build/release/ClientBench Benchmarks/client

.PHONY: bench-routes
bench-routes: deps ## measures loading, finding and rendering with ten thousand routes
	SLUICE_BENCH=1 $(SWIFT) build -c release --static-swift-stdlib --product RoutesBench
	.build/release/RoutesBench Benchmarks/body.json

.PHONY: crash
crash: build release test-deps ## kills the gateway under load, 20 times
	SLUICE_BINARY=$(BINARY) CRASH_ROUNDS=$(CRASH_ROUNDS) $(SWIFT) test --skip-build --filter 'SystemTests.*[Cc]rash'

# In a build folder of its own, so that the two do not throw each other's work away.
.PHONY: tsan
tsan: deps ## runs the tests of the modules under the thread sanitizer
	TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/tsan-suppressions.txt halt_on_error=0" \
		$(SWIFT) test --sanitize thread --scratch-path .build-tsan --skip 'SystemTests|TidyTests'

# What a fuzzer finds goes to .build-fuzz/found; the inputs that it begins with are in Tests/Fuzz, and for route files wherever there are any.
# Swift's own handler of crashes would come before libFuzzer's, which writes down the input.
.PHONY: fuzz
fuzz: ROUTE_SEEDS = routes Tests/SluiceRoutesTests/Schema/Good Tests/SluiceRoutesTests/Schema/Broken
fuzz: deps ## fuzzes the readers of HTTP, JSON, bodies, route files and references, and the verifier, a minute each
	export SLUICE_FUZZ=1 SWIFT_BACKTRACE=enable=no; \
	for fuzzer in RequestParserFuzz JSONScannerFuzz BodyReaderFuzz RouteFileFuzz ReferenceFuzz SignatureFuzz; do \
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
clean: ## removes what was built, and what `make run` keeps
	rm -rf .build .build-* .sluice
