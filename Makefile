# Needs python3 (3.11 or newer), make and a package index. Each target makes .venv by itself, from the lock in requirements/,
# and does not install again while that and pyproject.toml stand as they are. Another Python: make PYTHON=python3.12 test

PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin
# Most of the tests' time is waiting, for proxies above all: more processes than cores.
PYTEST = $(BIN)/pytest -q --numprocesses 4 --dist loadgroup --no-loadscope-reorder

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help quickstart test test-newest check fuzz mutants bench matrix schemas docs wheel lock clean

help:
	@echo "make quickstart   the whole path once, on a LiteLLM proxy of its own; changes nothing outside this folder"
	@echo "make test         make check, then all tests, those against a real LiteLLM proxy too"
	@echo "make test-newest  the same with the newest release of every package, in .venv-newest; says what differs from the lock"
	@echo "make check        ruff, mypy --strict, the floors of the house, schemas current"
	@echo "make fuzz         100,000 mutated configs, and writes killed at every moment; a quarter of an hour"
	@echo "make mutants      changes the pure core in small ways and says which change no test notices; about an hour"
	@echo "make bench        side-by-side measurements; writes docs/reference/performance.md"
	@echo "make bench AGAINST=../before   this checkout beside another one, such as the state before a change; writes nothing"
	@echo "make matrix       the same things with nine releases of LiteLLM; writes docs/reference/compatibility.md; 4 GB"
	@echo "make schemas      write schemas/ from the code"
	@echo "make docs         write the outputs, help texts and tables in README and docs/ by running the commands"
	@echo "make wheel        build dist/*.whl"
	@echo "make lock         renew requirements/*.txt: the newest release of every package, with hashes"
	@echo "make lock KEEP=1  only follow pyproject.toml: what is locked stays as it is where it can"
	@echo "make clean        remove what make made, .venv too"

quickstart: _proxy
	@$(BIN)/fased litellm quickstart

test: check
	@echo "pytest" && $(PYTEST)

test-newest: VENV = .venv-newest
test-newest: _newest _check
	@$(BIN)/python -m tests.lock
	@echo "pytest" && $(PYTEST)

check: _dev _check

.PHONY: _check
_check:
	@echo "ruff check" && $(BIN)/ruff check --quiet .
	@echo "ruff format --check" && $(BIN)/ruff format --check --quiet . \
	  || { echo "Files are not formatted: run $(BIN)/ruff format ." >&2; exit 1; }
	@echo "mypy --strict" && $(BIN)/mypy --no-error-summary
	@echo "lint-imports" && { $(BIN)/lint-imports --no-cache >$(VENV)/lint-imports.log 2>&1 || { cat $(VENV)/lint-imports.log; exit 1; }; }
	@echo "schemas current" && $(BIN)/python -m fased_litellm.schemas --check schemas

fuzz: _dev
	@$(BIN)/python -m tests.fuzz

# mutmut is in no lock: it only looks at the tests, and brings much that nothing else needs.
mutants: _dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'mutmut>=3.8'
	@CI=1 $(BIN)/mutmut run && $(BIN)/mutmut results

bench: _dev
	@$(BIN)/python -m bench $(if $(AGAINST),--against "$(AGAINST)",--write)

matrix: _dev
	@$(BIN)/python -m tests.matrix --write

schemas: _dev
	@$(BIN)/python -m fased_litellm.schemas schemas

docs: _dev
	@$(BIN)/python -m docs.generator

wheel: _dev
	@rm -rf dist
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist . >$(VENV)/build.log 2>&1 || { cat $(VENV)/build.log; exit 1; }
	@ls dist/*.whl

# uv resolves for all systems and all releases of Python from 3.11 on at once. It needs nothing of what is locked, so that a lock
# which cannot be installed any more can be renewed.
UV = .venv-lock/bin/uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command "make lock" pyproject.toml

lock:
	@test -x $(UV) || { $(PYTHON) -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv; }
	@$(COMPILE) $(if $(KEEP),,--upgrade) requirements/build.in --extra dev --extra proxy --output-file requirements/dev.txt
	@$(COMPILE) requirements/build.in --extra proxy --constraint requirements/dev.txt --output-file requirements/proxy.txt
	@$(COMPILE) --constraint requirements/dev.txt --output-file requirements/run.txt
	@git --no-pager diff --stat -- requirements 2>/dev/null || true

clean:
	rm -rf .venv .venv-newest .venv-lock .matrix mutants build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find fased_litellm tests bench docs -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ---- the virtual environment, from the lock: what the quickstart needs, and on top of it what the checks need

INSTALL = PYTHON="$(PYTHON)" PYTHON_NAMED=$(if $(filter file,$(origin PYTHON)),,1) VENV="$(VENV)" sh requirements/install.sh

.PHONY: _proxy _dev _newest
_proxy:
	@$(INSTALL) proxy

_dev:
	@$(INSTALL) dev

_newest:
	@$(INSTALL) newest
