#!/bin/sh
# Behind `make setup`: gets uv if there is none, then the locked dependencies into .venv.
# Needs Python 3.11 or later with venv or with pip. Downloads no Python. Honours PIP_*, UV_* and SSL_*.
set -eu
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9

fail() {
    printf 'setup: %s\n' "$1" >&2
    exit 1
}

# The interpreter itself, not a virtual environment's or a version manager's link to it.
find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        found=$("$candidate" -c 'import sys
if sys.version_info >= (3, 11): print(getattr(sys, "_base_executable", sys.executable))' 2>/dev/null) || continue
        [ -n "$found" ] && printf '%s\n' "$found" && return
    done
    fail 'Python 3.11 or later is needed: apt-get install python3 python3-venv (Debian 12, Ubuntu 24.04 or later)'
}

uv_version() {
    "$1" --version 2>/dev/null | sed -n 's/^uv \([0-9.]*\).*/\1/p'
}

# pyproject.toml asks for 0.13 or later.
is_suitable() {
    version=$(uv_version "$1") && [ -n "$version" ] || return 1
    major=${version%%.*}
    rest=${version#*.}
    [ "$major" -gt 0 ] || [ "${rest%%.*}" -ge 13 ]
}

find_uv() {
    for candidate in uv .tools/uv/bin/uv .tools/uv-lib/bin/uv; do
        is_suitable "$candidate" && printf '%s\n' "$candidate" && return
    done
    return 1
}

install_uv() {
    printf 'setup: fetching uv %s into .tools\n' "$UV_VERSION" >&2
    mkdir -p .tools
    rm -rf .tools/uv .tools/uv-lib
    if "$python" -m venv .tools/uv >.tools/venv.log 2>&1; then
        .tools/uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" >&2 ||
            fail 'pip could not fetch uv (see above): check the network, or PIP_INDEX_URL and PIP_CERT'
    elif "$python" -m pip --version >/dev/null 2>&1; then
        # Without python3-venv, Debian leaves half an environment behind.
        rm -rf .tools/uv
        "$python" -m pip install --quiet --disable-pip-version-check --target .tools/uv-lib "uv==$UV_VERSION" >&2 ||
            fail 'pip could not fetch uv (see above): check the network, or PIP_INDEX_URL and PIP_CERT'
    else
        rm -rf .tools/uv
        fail "$python has neither venv nor pip: apt-get install python3-venv (or python3-pip), then try again"
    fi
}

python=$(find_python)
uv=$(find_uv) || {
    install_uv
    uv=$(find_uv) || fail 'uv was fetched into .tools and does not run: delete .tools and try again'
}

export UV_PYTHON_DOWNLOADS="${UV_PYTHON_DOWNLOADS:-never}"
export UV_PYTHON_PREFERENCE="${UV_PYTHON_PREFERENCE:-only-system}"
export UV_PYTHON="${UV_PYTHON:-$python}"
# The one variable of the user's that does not count: the Makefile runs what is in .venv.
export UV_PROJECT_ENVIRONMENT=.venv
"$uv" sync --frozen --all-extras || fail 'uv could not install the dependencies (see above)'
