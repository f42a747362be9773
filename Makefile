# Everything a newcomer needs is `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KEEP ?= 0
PYTEST_ARGS ?=

.PHONY: help install demo test check format lint typecheck arch unit integration benchmark lock clean

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ - /'

$(VENV)/installed: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/ml-sidecar warm-up
	@touch $@

install: $(VENV)/installed  ## Make .venv with the locked dependencies

demo: install  ## Elasticsearch, the sidecar, a job, its anomalies (KEEP=1 leaves both running)
	$(BIN)/python -m integration.demo $(if $(filter 1,$(KEEP)),--keep)

test: check integration  ## Everything that CI runs

check: lint typecheck arch unit  ## Everything that needs no Elasticsearch

format: install  ## Rewrite the code in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: install  ## Format and lint, checked
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

typecheck: install  ## mypy --strict
	$(BIN)/mypy

arch: install  ## Direction of imports
	$(BIN)/lint-imports

unit: install  ## Unit and property tests, no network
	$(BIN)/pytest tests $(PYTEST_ARGS)

integration: install  ## Tests against a real Elasticsearch
	$(BIN)/pytest integration $(PYTEST_ARGS)

benchmark: install  ## Speed of ingest, from the first byte posted until flush returns
	$(BIN)/python -m benchmarks.ingest

lock: install  ## Resolve the dependencies anew
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --generate-hashes --no-emit-index-url --no-header --quiet --upgrade -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url --no-header --quiet --upgrade -o requirements-dev.lock

clean:  ## Remove the environment and caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
