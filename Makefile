# Two commands: `make demo` shows the product with a demo estate, `make test` runs the whole suite.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
HOME_DIR ?= demo-home

.PHONY: setup ui demo test lint bench lock clean

setup: $(VENV)/.dev $(VENV)/.node $(VENV)/.ui $(VENV)/.chromium

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

# The web app and the chart bundles, into the package; with Node from PyPI where the machine has none.
UI_SOURCES := $(shell find ui src/finopsmetrics/api/design -type f -not -path '*/node_modules/*' -not -path 'ui/src/api/*')
$(VENV)/.ui: $(UI_SOURCES) $(VENV)/.core
	command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/node.txt
	$(BIN)/python scripts/build_hook.py
	touch $@

ui: $(VENV)/.ui

# A browser for the tests of pages: the machine's Chromium, else Debian's.
$(VENV)/.chromium: $(VENV)/.core
	command -v chromium >/dev/null || { apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; } >/dev/null
	touch $@

demo: $(VENV)/.ui
	$(BIN)/finopsmetrics --home $(HOME_DIR) demo --seed 7 --months 14 --serve

test: lint
	$(BIN)/python -m pytest tests examples/plugins/tests -n 2 --dist worksteal
	$(BIN)/python -m scripts.gallery

lint: setup
	$(BIN)/python -m scripts.openapi ui/src/api/openapi.json
	cd ui && PATH="$$PATH:$(abspath $(BIN))" && npm run --silent api >/dev/null && npm run --silent check
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
