# Needs python3 (3.11 or newer), make and a package index. Each target makes .venv by itself, and does not install again
# while pyproject.toml stands as it is. Another Python: make PYTHON=python3.12 test

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help quickstart test check fuzz bench matrix schemas docs wheel clean

help:
	@echo "make quickstart   the whole path once, on a LiteLLM proxy of its own; changes nothing outside this folder"
	@echo "make test         make check, then all tests, those against a real LiteLLM proxy too"
	@echo "make check        ruff, mypy --strict, the floors of the house, schemas current"
	@echo "make fuzz         100,000 mutated configs, and writes killed at every moment; a quarter of an hour"
	@echo "make bench        side-by-side measurements; writes docs/reference/performance.md"
	@echo "make bench AGAINST=../before   this checkout beside another one, such as the state before a change; writes nothing"
	@echo "make matrix       the same things with five releases of LiteLLM; writes docs/reference/compatibility.md; 4 GB"
	@echo "make schemas      write schemas/ from the code"
	@echo "make docs         write the outputs, help texts and tables in README and docs/ by running the commands"
	@echo "make wheel        build dist/*.whl"
	@echo "make clean        remove what make made, .venv too"

quickstart: $(VENV)/.installed
	@$(BIN)/fased litellm quickstart

test: check
	@echo "pytest"
	@$(BIN)/pytest -q

check: $(VENV)/.installed-dev
	@echo "ruff check" && $(BIN)/ruff check --quiet .
	@echo "ruff format --check" && $(BIN)/ruff format --check --quiet . \
	  || { echo "Files are not formatted: run $(BIN)/ruff format ." >&2; exit 1; }
	@echo "mypy --strict" && $(BIN)/mypy --no-error-summary
	@echo "lint-imports" && { $(BIN)/lint-imports --no-cache >$(VENV)/lint-imports.log 2>&1 || { cat $(VENV)/lint-imports.log; exit 1; }; }
	@echo "schemas current" && $(BIN)/python -m fased_litellm.schemas --check schemas

fuzz: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.fuzz

bench: $(VENV)/.installed-dev
	@$(BIN)/python -m bench $(if $(AGAINST),--against "$(AGAINST)",--write)

matrix: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.matrix --write

schemas: $(VENV)/.installed-dev
	@$(BIN)/python -m fased_litellm.schemas schemas

docs: $(VENV)/.installed-dev
	@$(BIN)/python -m docs.generator

wheel: $(VENV)/.installed-dev
	@rm -rf dist
	@$(BIN)/python -m build --wheel --outdir dist . >$(VENV)/build.log 2>&1 || { cat $(VENV)/build.log; exit 1; }
	@ls dist/*.whl

clean:
	rm -rf $(VENV) .matrix build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find fased_litellm tests bench docs -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ---- the virtual environment: what the quickstart needs, and on top of it what the checks need

$(VENV)/.installed: pyproject.toml
	@$(MAKE) --no-print-directory _venv
	@echo "Installing fased-litellm and LiteLLM into $(VENV) (a minute or two the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[proxy]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml
	@$(MAKE) --no-print-directory _venv
	@echo "Installing fased-litellm, LiteLLM and the checkers into $(VENV) (a minute or two the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,proxy]'
	@touch $(VENV)/.installed $@

# A .venv whose Python is gone (the folder was moved, the system's Python replaced) is made anew.
.PHONY: _venv
_venv:
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  command -v $(PYTHON) >/dev/null \
	    || { echo "There is no $(PYTHON) here. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }; \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "$(PYTHON) is older than 3.11: $$($(PYTHON) --version). Name a newer one: make PYTHON=python3.12" >&2; exit 1; }; \
	  $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	    || { echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; \
	  echo "Making $(VENV) …"; \
	  rm -rf $(VENV); \
	  $(PYTHON) -m venv $(VENV); \
	fi
