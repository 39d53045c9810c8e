SHELL := bash
# Two packages have a command tsc, so the compiler's version 7 is named by its file.
TSC := node node_modules/typescript-7/bin/tsc
.DEFAULT_GOAL := help
.PHONY: help demo test run bench faults chaos soak fuzz symbols captures image sbom lint format typecheck build dashboard python ready
export PATH := $(CURDIR)/.tools/node_modules/node/bin:$(CURDIR)/node_modules/.bin:$(PATH)

help: ## lists the targets
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/\1 \2/p' Makefile | while read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

demo: dashboard ## runs the whole pipeline with simulated venues and Avro files on disk; needs no setup
	@exec node bin/market-feed.js demo $(ARGS)

test: ## runs every check and test; the last line is N passed, N failed, N skipped
	@bash scripts/bootstrap.sh scripts/prepare.ts
	@exec node scripts/test.ts

run: dashboard ## runs the feed with the live venues and config/market-feed.yaml
	@exec node bin/market-feed.js run --config config/market-feed.yaml $(ARGS)

bench: ready ## measures order books, trade analysis, gateway, client, pipeline and its parts; writes docs/performance.md
	@node bench/books/main.ts
	@node bench/trades/main.ts
	@node bench/gateway/main.ts
	@node bench/client/main.ts
	@exec node bench/main.ts $(ARGS)

faults: dashboard ## plays every fault against the whole pipeline (docs/fault-matrix.md), then measures the dashboard and runs the integration tests at full length
	@node bench/faults/main.ts $(ARGS)
	@$(if $(ARGS),true,node bench/dashboard/main.ts --minutes 10)
	@$(if $(ARGS),true,MARKET_FEED_LONG_TESTS=true exec vitest run)

chaos: ready ## runs the pipeline for ten minutes with random faults from a seed, and accounts for every trade
	@exec node bench/faults/chaos.ts $(ARGS)

soak: ready ## runs the pipeline for an hour with random faults: nothing must grow; then a cluster on a loaded machine: no standby must take over
	@node bench/soak/main.ts $(ARGS)
	@exec node bench/cluster/soak.ts $(ARGS)

fuzz: ready ## runs property tests and virtual runs with new seeds for MINUTES=N (10); each failure becomes a fixed test case
	@MINUTES="$(MINUTES)" exec node scripts/fuzz.ts

symbols: ready ## measures what a symbol costs: the same trades over 20 symbols and over 2,000
	@exec node bench/symbols/main.ts $(ARGS)

captures: ready ## runs every recording below CAPTURES=DIR (test/recordings) through decoders, order books and the pipeline
	@exec node scripts/recordings/main.ts "$(or $(CAPTURES),test/recordings)"

lint: ready ## checks with Biome, and the import rules, the sizes of files, classes and folders, and the words of the glossary
	@biome check --error-on-warnings .
	@depcruise $(wildcard src dashboard test testing scripts bench examples)
	@node scripts/check-structure.ts
	@node scripts/check-way.ts
	@node scripts/check-language.ts

format: ready ## formats, and corrects what Biome can correct by itself
	@biome check --write .

typecheck: ready ## checks the types, and how much of the source has types
	@$(TSC) -p .
	@$(TSC) -p dashboard
	@node scripts/check-any.ts

build: ready ## builds dist/ as it is published, and the small packages; does not check types (make typecheck does)
	@rm -rf dist && $(TSC) -p tsconfig.build.json
	@node scripts/build-packages.ts
	@node scripts/build-dashboard.ts

dashboard: ready ## builds the web page of the gateway in dist/dashboard, if its source has changed
	@node scripts/build-dashboard.ts

image: ## builds the container image, and tests it and docker-compose.yml with a real Docker engine
	@exec bash deploy/try.sh

sbom: ready ## writes the bill of materials of all packages that a user installs: sbom.cdx.json
	@npm sbom --sbom-format cyclonedx --omit dev > sbom.cdx.json

python: ready ## makes the Python environment for the scripts of testing/python, in .tools/python
	@node scripts/python.ts

ready:
	@bash scripts/bootstrap.sh
