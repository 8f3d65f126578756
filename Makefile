# Everything here stays inside the project folder, the package caches apart.
.DEFAULT_GOAL := help
SHELL := bash
BIN := .venv/bin
EXERCISE := data/exercise
WEEK := data/week
WEEK_NIGHTS := 06 07 08 09 10 11 12
# One more than there are processors: some tests wait for a process or a clock.
WORKERS = $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
# Bytecode is kept whatever the machine has set: without it imports are half of a small run.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup wheelhouse nightly week test test-fast prove check format docs lock bench notebook audit clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/.installed-run ## install the run-time environment into .venv
nightly: setup ## simulate the exercise feed and run the nightly job on it
	@test -s $(EXERCISE)/truth.json || $(BIN)/selat exercise simulate $(EXERCISE)
	@$(BIN)/selat nightly --feed $(EXERCISE)/feed.nmea.gz --sightings $(EXERCISE)/sightings.csv --home $(EXERCISE)/home
	@echo "Commands that show a run find this one until data/home holds another; to name it for all:"
	@echo "  export SELAT_HOME=$(CURDIR)/$(EXERCISE)/home"

week: setup ## simulate an exercise week and look at its seven nights, for the notebooks
	@test -s $(WEEK)/truth.json || $(BIN)/selat exercise simulate $(WEEK) --seed 7 --hours 168 --vessels 150
	@$(BIN)/selat ingest $(WEEK)/feed.nmea.gz --home $(WEEK)/home
	@for night in $(WEEK_NIGHTS); do $(BIN)/selat detect --date 2026-01-$$night --home $(WEEK)/home > /dev/null || exit; done
	@$(BIN)/selat flagged --home $(WEEK)/home

test: .venv/.installed-dev ## install the development tools and run all tests
	SELAT_EXAMPLES=0.1 $(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not prove"

test-fast: .venv/.installed-dev ## the tests to run at every save: units, cases, contract
	SELAT_EXAMPLES=0.1 $(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not prove and not slow and not whole" tests

prove: .venv/.installed-dev ## the long proofs, and ten times the examples of every property
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m prove
	SELAT_EXAMPLES=10 $(BIN)/pytest -n $(WORKERS) --dist worksteal -m "hypothesis and not prove" tests

check: .venv/.installed-dev ## static checks: format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy tests/benchmarks tests/fuzz.py tests/forging.py --allow-untyped-calls --allow-untyped-defs --allow-incomplete-defs
	$(BIN)/lint-imports

format: .venv/.installed-dev ## format the code and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.installed-dev ## run the benchmarks on one core, write docs/benchmarks.md
	$(BIN)/python tests/benchmarks/run.py

notebook: .venv/.installed-notebooks ## open the notebooks
	$(BIN)/jupyter lab notebooks

docs: .venv/.installed-dev ## write the reference from the code, build the site into site/
	$(BIN)/python docs/make_reference.py
	$(BIN)/zensical build

wheelhouse: ## fetch all packages of a run into wheelhouse/, to install without a network
	@test -x .venv/bin/python || python3 -m venv .venv
	.venv/bin/python -m pip download -q --disable-pip-version-check --only-binary :all: --no-deps --require-hashes -r requirements.lock -d wheelhouse

lock: ## remake the requirements locks (needs uv)
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --extra build pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --extra build --extra dev --extra notebooks --extra scale -c requirements.lock pyproject.toml -o requirements-dev.lock
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --group audit -o requirements-audit.lock

audit: .venv/.installed-audit ## ask for known weaknesses of what the locks hold (needs the network)
	.venv/audit/bin/python .ci/audit.py requirements.lock requirements-dev.lock requirements-uv.lock requirements-audit.lock

clean: ## remove the environment and everything produced
	rm -rf .venv site wheelhouse data/home data/exercise data/week

.venv/.installed-run: requirements.lock pyproject.toml .ci/setup.sh
	bash .ci/setup.sh requirements.lock $@
.venv/.installed-dev: requirements-dev.lock pyproject.toml .ci/setup.sh
	bash .ci/setup.sh requirements-dev.lock $@
.venv/.installed-audit: requirements-audit.lock .venv/.installed-dev
	$(BIN)/python -m venv --clear .venv/audit
	.venv/audit/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-audit.lock
	@touch $@
.venv/.installed-notebooks: .venv/.installed-dev
	@touch $@
