SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help demo test run bench faults chaos soak fuzz symbols captures image sbom lint format typecheck build dashboard python ready
export PATH := $(CURDIR)/.tools/node_modules/node/bin:$(CURDIR)/node_modules/.bin:$(PATH)

help: ## these lines
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/\1 \2/p' Makefile | while read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

demo: dashboard ## simulated venues, the whole pipeline, Avro files on disk: nothing to set up
	@exec node bin/market-feed.js demo $(ARGS)

test: ready ## every test; the last line is N passed, N failed, N skipped
	@exec node scripts/test.ts

run: dashboard ## the main job against the live venues, with config/market-feed.yaml
	@exec node bin/market-feed.js run --config config/market-feed.yaml $(ARGS)

bench: ready ## benchmarks, as tables of ratios: order books, trade analysis, gateway, client, the whole pipeline, each part alone: docs/performance.md
	@node bench/books/main.ts
	@node bench/trades/main.ts
	@node bench/gateway/main.ts
	@node bench/client/main.ts
	@exec node bench/main.ts $(ARGS)

faults: dashboard ## every fault against the whole pipeline: docs/fault-matrix.md; then the integration tests at full length
	@node bench/faults/main.ts $(ARGS)
	@$(if $(ARGS),true,MARKET_FEED_LONG_TESTS=true exec vitest run)

chaos: ready ## ten minutes of random faults from a seed, every trade accounted for
	@exec node bench/faults/chaos.ts $(ARGS)

soak: ready ## an hour of random faults, bounded: memory, handles and timers must not grow
	@exec node bench/soak/main.ts $(ARGS)

fuzz: ready ## property tests and virtual runs with new seeds for MINUTES=N (10); what fails becomes a fixed case
	@MINUTES="$(MINUTES)" exec node scripts/fuzz.ts

symbols: ready ## what a symbol costs: 20 against 2,000
	@exec node bench/symbols/main.ts $(ARGS)

captures: ready ## every recording below CAPTURES=DIR (test/recordings) through decoders, order books and the pipeline
	@exec node scripts/recordings/main.ts "$(or $(CAPTURES),test/recordings)"

lint: ready ## Biome, the import rules, the sizes of files, classes and folders, and the words of the glossary
	@biome check --error-on-warnings .
	@depcruise $(wildcard src dashboard test testing scripts bench examples)
	@node scripts/check-structure.ts
	@node scripts/check-way.ts
	@node scripts/check-language.ts

format: ready ## what Biome can mend by itself
	@biome check --write .

typecheck: ready ## the types, and how much of the source they cover
	@node scripts/check-types.ts
	@tsc -p dashboard

build: ready ## dist/, as it is published; `make typecheck` checks its types
	@rm -rf dist && tsc -p tsconfig.build.json
	@node scripts/build-dashboard.ts

dashboard: ready ## the web page of the gateway, into dist/dashboard, where its source has changed
	@node scripts/build-dashboard.ts

image: ## the container image and docker-compose.yml, tried with a real Docker engine
	@exec bash deploy/try.sh

sbom: ready ## the bill of materials of what is installed with the package: sbom.cdx.json
	@npm sbom --sbom-format cyclonedx --omit dev > sbom.cdx.json

python: ready ## the Python environment of the independent readers, in .tools/python
	@node scripts/python.ts

ready:
	@bash scripts/bootstrap.sh
