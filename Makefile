# `make` alone prints the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

help: ## print this list
	@grep -E '^[a-z][a-z./-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Duologue needs Python 3.11 or newer; name one with: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/run: requirements.lock requirements-build.lock pyproject.toml | $(VENV)/bin/python
	@echo "Setting up $(VENV) (once; about half a minute) …" >&2
	@$(PIP) install -q --require-hashes -r requirements-build.lock
	@$(PIP) install -q --require-hashes -r requirements.lock
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: requirements-dev.lock $(VENV)/run
	@echo "Adding the test tools …" >&2
	@$(PIP) install -q --require-hashes -r requirements-dev.lock
	@touch $@

run: $(VENV)/run ## start the product on http://127.0.0.1:8000 (PORT, ALSO_PORT, HOST, DUOLOGUE_DATA)
	@exec $(BIN)/duologue serve

test: $(VENV)/dev ## run the tests; CI=true adds checks and containers and lets none be skipped
	@tools/test

check: $(VENV)/dev ## ruff, mypy, import contracts, generated files current
	@tools/check

bench: $(VENV)/dev ## measure, and write bench/REPORT.md
	@$(BIN)/python -m bench

test-compose: $(VENV)/dev ## build the image and run the walkthrough under compose
	@tools/test-compose

format: $(VENV)/dev ## format and fix what can be fixed
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

lock: $(VENV)/dev ## refresh the hashed lock files
	@tools/lock

clean: ## remove the virtual environment and caches, never ./data
	@rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/node/node_modules

.PHONY: help run test check bench test-compose format lock clean
