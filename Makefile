# Every target sets up what it needs. Bare `make` prints this help.
SHELL := /bin/bash
.DEFAULT_GOAL := help
TEST_FLAGS := --test --test-reporter=spec
SETUP := node_modules/.ready
SECONDS_TO_FUZZ := 30
export ROWS ROUNDS SECONDS_EACH

help: ## prints this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(SETUP) ## installs the pinned tools and libraries

$(SETUP): package.json package-lock.json
	@bash scripts/setup.sh

run: $(SETUP) ## serves manifests/examples on loopback, without a cluster; HTTP_PORT= HTTPS_PORT= ADMIN_PORT= choose ports
	@bash scripts/node.sh scripts/run-examples.ts

check: $(SETUP) ## types, lint, format, generated files, architecture
	@bash scripts/check.sh

test: $(SETUP) ## all tests that need no Go
	@bash scripts/test.sh

test-cluster: $(SETUP) ## tests against a real Kubernetes node on this machine (needs root and Go 1.26)
	@bash test/cluster/run.sh

golden: $(SETUP) ## rewrites the golden files; review the difference
	@bash scripts/node.sh $(TEST_FLAGS) --test-update-snapshots test/golden/compile.test.ts

docs: $(SETUP) ## generates docs from the tables
	@bash scripts/node.sh scripts/generate-docs.ts

manifests: $(SETUP) ## renders manifests/install.yaml from the chart
	@bash scripts/node.sh scripts/generate-manifests.ts

format: $(SETUP) ## formats the sources
	@node_modules/.bin/oxfmt

bench: $(SETUP) ## CPU, rates, delays and memory beside other proxies; writes docs/benchmarks.md (needs nginx, wrk, openssl); ROWS= ROUNDS= choose
	@bash scripts/node.sh test/bench/run.ts

bench-balance: $(SETUP) ## what each balancing algorithm does with equal and with slow endpoints; writes docs/balance.md; ROWS= chooses
	@bash scripts/node.sh test/bench/balance.ts

bench-faults: $(SETUP) ## failed requests while endpoints fail, beside nginx and haproxy; writes docs/faults.md (some need root); ROWS= chooses
	@bash scripts/node.sh test/bench/faults.ts

fuzz: $(SETUP) ## looks for requests that others read otherwise: node, nginx and haproxy if installed; SECONDS_TO_FUZZ=30
	@bash scripts/node.sh test/fuzz/http1.ts $(SECONDS_TO_FUZZ)

image: ## builds the container image
	@bash scripts/image.sh

clean: ## removes what setup installed
	@rm -rf node_modules

.PHONY: help setup run check test test-cluster golden docs manifests format bench bench-balance bench-faults fuzz image clean
