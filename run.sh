#!/bin/sh
# Countersign's commands. Needs Python 3.11 or newer and nothing else: uv is used if it is there, else put into .uv/.
set -eu
cd "$(dirname "$0")"

usage() {
    cat >&2 <<'TEXT'
usage: ./run.sh COMMAND
  up                  run Countersign here: database, broker, web, worker and beat, until Ctrl-C
  demo                the same on its own state folder, with a walk through real data
  test [ARGUMENTS]    every check and test; with arguments, pytest alone with these
  bench NAME          measure tests/benchmarks/NAME.py against a throw-away instance
  manage COMMAND      Django's manage.py with the local servers up
environment: PORT (8000), COUNTERSIGN_HOME (.local), DATABASE_URL, REDIS_URL; .env.example lists all
TEXT
    exit 2
}

find_uv() {
    if command -v uv >/dev/null 2>&1; then
        uv=uv
        return
    fi
    uv=.uv/bin/uv
    [ -x "$uv" ] && return
    command -v python3 >/dev/null 2>&1 || { echo "Python 3.11 or newer is needed (python3)" >&2; exit 1; }
    echo "Getting uv, once ..." >&2
    # Built aside, so that an interrupted first start leaves nothing half-made.
    draft=.uv.$$
    trap 'rm -rf "$draft"' EXIT
    if python3 -m venv "$draft" >/dev/null 2>&1; then
        "$draft/bin/python" -m pip install --quiet --disable-pip-version-check uv
    else # Debian splits ensurepip off; pip by itself will do
        python3 -m pip install --quiet --disable-pip-version-check --target "$draft" uv
    fi
    [ -d .uv ] || mv "$draft" .uv
    rm -rf "$draft"
    trap - EXIT
}

# One set of packages for all commands: they would add and remove each other's otherwise.
prepare() {
    find_uv
    unset VIRTUAL_ENV
    export UV_PROJECT_ENVIRONMENT=.venv
    if [ -e .venv/.installed ]; then
        "$uv" sync --all-extras --frozen --quiet
    else
        echo "Installing packages, once ..." >&2
        # Behind a proxy with a certificate of its own, only the system's store knows that certificate.
        "$uv" sync --all-extras --frozen || "$uv" sync --all-extras --frozen --system-certs
        touch .venv/.installed
    fi
    PATH="$PWD/.venv/bin:$PATH"
    export PATH
}

# Functions, classes and properties without a caller. Templates call some: the names they use count as used.
dead_code() {
    names=$(mktemp -d)
    grep -rohE '[.][a-z_]+' templates | sort -u | sed 's/^/_/' >"$names/templates.py"
    found=$(vulture apps config tests/uncalled.py "$names/templates.py" | grep -vE 'unused (variable|attribute)' || true)
    rm -r "$names"
    [ -z "$found" ] || { echo "$found" >&2; return 1; }
}

# What reads the settings without a server: placeholders that name none.
checks() {
    ruff check .
    ruff format --check .
    lint-imports
    dead_code
    djlint --lint --quiet templates
    ! grep -rnE '.{141,}' templates || { echo "template lines have at most 140 characters" >&2; return 1; }
    export COUNTERSIGN_SECRET_KEY=for-checks-only DATABASE_URL=postgresql://nobody@/none?host=/nonexistent
    export REDIS_URL=redis+socket:///nonexistent
    mypy .
    # It warns that no database answers, which is what it was given.
    python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
    unset COUNTERSIGN_SECRET_KEY DATABASE_URL REDIS_URL
}

[ $# -ge 1 ] || usage
command=$1
shift
case $command in
    up | demo | manage)
        prepare
        exec python -m config.local "$command" "$@"
        ;;
    test)
        prepare
        [ $# -eq 0 ] || exec python -m pytest "$@"
        checks
        exec python -m pytest -n 2
        ;;
    bench)
        [ $# -ge 1 ] || usage
        prepare
        exec python -m tests.benchmarks "$@"
        ;;
    *) usage ;;
esac
