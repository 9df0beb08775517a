# Two commands: `make demo` shows the product with a demo estate, `make test` runs the whole suite.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
HOME_DIR ?= demo-home

.PHONY: setup demo test lint bench lock clean

setup: $(VENV)/.dev $(VENV)/.node

# The product alone: what a user installs.
$(VENV)/.core: requirements/core.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/core.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	touch $@

# The product and what its tests need.
$(VENV)/.dev: requirements/dev.txt examples/plugins/pyproject.toml $(VENV)/.core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-binary pyspark-client -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e examples/plugins
	touch $@

# What tests start that is written for Node: by the machine's npm, else by the one that the pinned wheel brings.
$(VENV)/.node: tests/services/node/package-lock.json $(VENV)/.dev
	cd tests/services/node && PATH="$$PATH:$(abspath $(BIN))" npm ci --quiet --ignore-scripts
	touch $@

demo: $(VENV)/.core
	$(BIN)/finopsmetrics --home $(HOME_DIR) demo --seed 7 --months 14 --serve

test: lint
	$(BIN)/python -m pytest tests examples/plugins/tests -n 2 --dist worksteal

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m benchmarks

# Pins every dependency with hashes; no index address is written to the files.
lock: setup
	$(BIN)/python scripts/lock.py

clean:
	rm -rf $(VENV) $(HOME_DIR)
