# Faultline. `make demo` and `make test` set up all they need; everything lives in .venv and data.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
SPARK := .venv/.spark

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo ui test test-fast test-all test-centres spark-test lint format generate bench bench-extract bench-scale lock clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Faultline needs Python 3.11 or newer; point to one with: make PYTHON=/path/to/python3")'
	@echo "Setting up .venv (a minute or two, once)"
	@if [ -e $@ ]; then rm $@; else rm -rf .venv; fi # without its mark, it is of a set-up that was cut off
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(INSTALLED) data/demo/manifest.json ## Simulate a contact centre and run it, from exports to the published heatmap, in data/
	@$(BIN)/faultline run

data/demo/manifest.json: $(shell find seeds/simulator -name '*.py' -o -name '*.yml')
	@rm -rf data/demo
	@$(BIN)/faultline simulate data/demo --scenario demo --telephony amazon_connect --crm salesforce --every 7

ui: $(INSTALLED) ## Open the Dagster UI on the loopback address
	@$(BIN)/faultline ui

test: $(INSTALLED) ## Run what has to pass at each change
	@$(BIN)/python -m pytest --numprocesses 2

test-fast: $(INSTALLED) ## Run unit tests, structure tests and dbt unit tests
	@$(BIN)/python -m pytest --numprocesses 2 tests/models tests/structure tests/unit

test-all: $(INSTALLED) ## Run all tests with every fuzzed file, kill, full disk, pair of vendors and 300 random centres
	@FAULTLINE_FUZZED=1000 FAULTLINE_LANDING_KILLS=50 FAULTLINE_KILLS=1 FAULTLINE_STARTS=1 \
		FAULTLINE_FULL_DISKS=1 FAULTLINE_HEALTHY=1 FAULTLINE_EVERY_PAIR=1 FAULTLINE_CENTRES=300 FAULTLINE_SHUFFLED_REAL=1 \
		$(BIN)/python -m pytest --numprocesses 2

test-centres: $(INSTALLED) ## Run 300 random centres; FAULTLINE_CENTRES says how many
	@FAULTLINE_CENTRES=$${FAULTLINE_CENTRES:-300} $(BIN)/python -m pytest -k random_centres tests/integration/test_random_centres.py

$(SPARK): $(INSTALLED) requirements-spark.lock
	@command -v java >/dev/null || { echo "Spark needs Java 17: install openjdk-17-jre-headless"; exit 1; }
	@echo "Adding Spark to .venv (a minute or two, once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock
	@touch $@

spark-test: $(SPARK) ## Build all models on a Spark cluster and compare them with DuckDB's
	@FAULTLINE_SPARK=1 $(BIN)/python -m pytest tests/spark

lint: $(INSTALLED) ## Check style, types, SQL and definitions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/sqlfmt --check --quiet --no-progressbar dbt_project
	@VIRTUAL_ENV=$(CURDIR)/.venv FAULTLINE_HOME=data/lint FAULTLINE_SOURCES=tests/fixtures/small_centre/sources $(BIN)/dg check defs

format: $(INSTALLED) ## Put Python and SQL into the one style
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .
	@$(BIN)/sqlfmt --quiet --no-progressbar dbt_project

generate: $(INSTALLED) ## Rewrite what is made from contract, registry and models
	@$(BIN)/python -m orchestration.sources.generate
	@$(BIN)/python -m tests.integration.lineage.asset_graph

bench: $(INSTALLED) ## Seconds and memory per stage on the two real sources, beside raw DuckDB
	@$(BIN)/python -m tests.bench.stages

bench-extract: $(INSTALLED) ## Throughput and memory of landing, as a ratio to DuckDB's own COPY and to dlt
	@$(BIN)/python -m tests.bench.extract run

bench-scale: $(INSTALLED) ## Seconds and memory of runs on 150,000 and 1 million simulated contacts, and of one more day
	@$(BIN)/python -m tests.bench.scale $(ARGUMENTS)

lock: $(INSTALLED) ## Refresh requirements.lock after a change to pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header \
		--extra dev pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header \
		--constraint requirements.lock --extra dev --extra spark pyproject.toml --output-file requirements-spark.lock

clean: ## Remove the virtual environment and the demo's data
	rm -rf .venv data
