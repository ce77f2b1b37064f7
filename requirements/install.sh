#!/bin/sh
# install.sh proxy|dev|newest: makes a virtual environment with what requirements/NAME.txt says and with the project itself,
# editable. Called by make, from the project's root; does nothing where that is done already.
#
# PYTHON  the interpreter of a new environment; one that was named (PYTHON_NAMED=1) replaces an environment of another version
# VENV    the environment's folder
#
# What was installed is recorded in the environment at the end. An environment with another record, or with none since an
# installation was interrupted, is made anew: nothing of an older lock stays in it.
set -eu

name=$1
: "${PYTHON:=python3}" "${VENV:=.venv}"
python=$VENV/bin/python
pip="$python -m pip --disable-pip-version-check install --quiet"

fail() { echo "$1" >&2; exit 1; }
lock() { printf '# in %s\n' "$PWD"; cat "requirements/$1.txt"; }
holds() { test -f "$VENV/.lock-$1" && lock "$1" | cmp -s - "$VENV/.lock-$1"; }
changed() { test -f "$VENV/.lock-$1" && ! holds "$1"; }
version() { "$1" -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null; }

usable() {
  "$python" -m pip --version >/dev/null 2>&1 || return 1
  test -f "$VENV/.lock-proxy" || test -f "$VENV/.lock-dev" || return 1
  ! changed proxy && ! changed dev || return 1
  test -z "${PYTHON_NAMED:-}" || test "$(version "$PYTHON")" = "$(version "$python")"
}

anew() {
  command -v "$PYTHON" >/dev/null \
    || fail "There is no $PYTHON here. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3"
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || fail "$PYTHON is older than 3.11: $("$PYTHON" --version). Name a newer one: make PYTHON=python3.12"
  "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null \
    || fail "$PYTHON cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv"
  if test -e "$VENV"; then echo "Making $VENV anew …"; else echo "Making $VENV …"; fi
  rm -rf "$VENV"
  "$PYTHON" -m venv "$VENV"
}

if test "$name" = newest; then
  anew
  echo "Installing fased-litellm, LiteLLM and the checkers into $VENV, each in its newest release …"
  $pip --editable '.[dev,proxy]'
  exit
fi

usable || anew
if ! holds dev && ! holds "$name"; then
  echo "Installing what requirements/$name.txt names into $VENV (a minute or two the first time) …"
  $pip --require-hashes --only-binary :all: --requirement "requirements/$name.txt"
fi
if ! cmp -s pyproject.toml "$VENV/.pyproject.toml"; then
  $pip --no-deps --no-index --no-build-isolation --editable .
  cp pyproject.toml "$VENV/.pyproject.toml"
fi
holds dev || lock "$name" >"$VENV/.lock-$name"
