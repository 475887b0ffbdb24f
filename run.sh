#!/bin/sh
# Countersign's commands. They need Python 3.11 or newer, and nothing else: where uv is missing, it is installed in .uv/.
set -eu
cd "$(dirname "$0")"

usage() {
    cat >&2 <<'TEXT'
usage: ./run.sh COMMAND
  up                  run Countersign here: database, broker, web, workers and beat, until Ctrl-C
  demo                the same on a state folder of its own, with a walk through real data
  test [ARGUMENTS]    run all checks and tests; with arguments, run pytest with them
  bench NAME          run the benchmark tests/benchmarks/NAME.py on a throw-away instance
  manage COMMAND      run Django's manage.py with the local servers up
environment: PORT (8000), COUNTERSIGN_HOME (.local), DATABASE_URL, REDIS_URL; .env.example has all
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
    command -v python3 >/dev/null 2>&1 || { echo "Countersign needs Python 3.11 or newer: install python3." >&2; exit 1; }
    echo "Installing uv (first start only) ..." >&2
    # Installed beside .uv, so that an interrupted first start leaves nothing half-made.
    draft=.uv.$$
    trap 'rm -rf "$draft"' EXIT
    if python3 -m venv "$draft" >/dev/null 2>&1; then
        "$draft/bin/python" -m pip install --quiet --disable-pip-version-check uv
    else # Debian packages ensurepip separately; plain pip will do
        python3 -m pip install --quiet --disable-pip-version-check --target "$draft" uv
    fi
    [ -d .uv ] || mv "$draft" .uv
    rm -rf "$draft"
    trap - EXIT
}

# All commands use the same set of packages; otherwise they would add and remove each other's.
prepare() {
    find_uv
    # Otherwise each of many processes would compile all packages again.
    unset VIRTUAL_ENV PYTHONDONTWRITEBYTECODE
    export UV_PROJECT_ENVIRONMENT=.venv
    if [ -e .venv/.installed ]; then
        "$uv" sync --all-extras --frozen --quiet
    else
        echo "Installing packages (first start only) ..." >&2
        # Behind a proxy with its own certificate, only the system's store knows that certificate.
        "$uv" sync --all-extras --frozen || "$uv" sync --all-extras --frozen --system-certs
        touch .venv/.installed
    fi
    PATH="$PWD/.venv/bin:$PATH"
    export PATH
}

# Fail on functions, classes and properties without a caller. A name that a template uses counts as called.
dead_code() {
    names=$(mktemp -d)
    grep -rohE '[.][a-z_]+' templates | sort -u | sed 's/^/_/' >"$names/templates.py"
    uncalled=$(vulture apps config tests/uncalled.py "$names/templates.py" | grep -vE 'unused (variable|attribute)' || true)
    rm -r "$names"
    [ -z "$uncalled" ] || { echo "$uncalled" >&2; return 1; }
}

checks() {
    ruff check .
    ruff format --check .
    lint-imports
    dead_code
    djlint --lint --quiet templates
    ! grep -rnE '.{141,}' templates || { echo "Break template lines at 140 characters." >&2; return 1; }
    # Without a database it warns, and compares models with migrations all the same.
    (with_placeholders python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run)
}

# Without its cache, mypy takes a minute of one core: it runs beside all the others, and what it says comes at its end.
check_types() {
    said=$(mktemp)
    trap 'rm -f "$said"' EXIT
    (with_placeholders mypy . >"$said" 2>&1) &
    types=$!
}

told_types() {
    wait "$types" || { cat "$said" >&2; exit 1; }
}

# Run a command that reads the settings. The placeholders name no server.
with_placeholders() {
    export COUNTERSIGN_SECRET_KEY=for-checks-only DATABASE_URL=postgresql://nobody@/none?host=/nonexistent
    export REDIS_URL=redis+socket:///nonexistent
    "$@"
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
        check_types
        checks
        # With its cache, it is done by now.
        kill -0 "$types" 2>/dev/null || told_types
        tests=0
        python -m pytest -n 2 || tests=$?
        told_types
        exit "$tests"
        ;;
    bench)
        [ $# -ge 1 ] || usage
        prepare
        exec python -m tests.benchmarks "$@"
        ;;
    *) usage ;;
esac
