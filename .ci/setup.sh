#!/usr/bin/env bash
# Install a lock file and the project itself into .venv:  setup.sh LOCK STAMP
# With uv where it is there or can be put into .venv, else with pip; hashes are checked either way.
# With WHEELHOUSE, a folder that `make wheelhouse` filled, no network is asked.
set -euo pipefail
lock=$1 stamp=$2
export PIP_DISABLE_PIP_VERSION_CHECK=1

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate" && return
    fi
  done
  echo "error: no Python 3.11 or newer with venv found. Install one, or name it: make setup PYTHON=/path/to/python3" >&2
  return 1
}

if [ ! -x .venv/bin/python ]; then
  python=$(find_python)
  echo "Creating .venv with $("$python" --version)" >&2
  "$python" -m venv .venv
fi

offline=()
if [ -n "${WHEELHOUSE:-}" ]; then
  offline=(--no-index --find-links "$WHEELHOUSE")
fi

if command -v uv >/dev/null; then
  uv=uv
elif [ -n "${WHEELHOUSE:-}" ]; then
  uv=
elif [ -x .venv/bin/uv ] || .venv/bin/python -m pip install -q --require-hashes -r requirements-uv.lock 2>/dev/null; then
  uv=.venv/bin/uv
else
  uv=
fi

echo "Installing $lock with ${uv:-pip}" >&2
if [ -n "$uv" ]; then
  "$uv" pip install -q --python .venv/bin/python ${offline[@]+"${offline[@]}"} --require-hashes -r "$lock"
  "$uv" pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .
else
  # A lock holds all that is needed; asked for a package with an extra, pip takes a newer one.
  .venv/bin/python -m pip install -q ${offline[@]+"${offline[@]}"} --no-deps --require-hashes -r "$lock"
  .venv/bin/python -m pip install -q --no-deps --no-build-isolation -e .
fi
touch "$stamp"
