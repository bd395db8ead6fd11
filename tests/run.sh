# ./run.sh test, which sources this file.
set -eu
. "$root/requirements/environment.sh"

# find_syftbox_python: sets $syftbox_python for the real SyftBox server and client, which need Python 3.12 or older
find_syftbox_python() {
  for syftbox_python in python3.12 python3.11 python3; do
    if command -v "$syftbox_python" >/dev/null 2>&1 &&
      "$syftbox_python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then
      return
    fi
  done
  syftbox_python=
  [ "${CI:-}" != true ] || fail 'tests with a real SyftBox need Python 3.11 or 3.12'
  say 'Tests with a real SyftBox will be skipped: SyftBox 0.4.0 needs Python 3.11 or 3.12.'
  skipped=yes
}

# other_environments: what only some tests need
other_environments() {
  if [ -n "$syftbox_python" ]; then
    oldest_python=$syftbox_python python_environment syftbox .venv-syftbox
  fi
  python_environment pysyft .venv-pysyft
}

# need_for_tests COMMAND PACKAGES TESTS: installs what a kind of tests needs, or says what is missing
need_for_tests() {
  ! command -v "$1" >/dev/null 2>&1 || return 0
  if as_root_on_debian; then
    # shellcheck disable=SC2086 # a list of packages
    apt_install $2
  elif [ "${CI:-}" = true ]; then
    fail "$1 is missing. On Debian or Ubuntu: apt install $2"
  else
    say "Missing: $1 (apt install $2). $3 will be skipped."
    skipped=yes
  fi
}

# in_memory COMMAND...: runs it with the folders of tests in memory where there is room. They write many small files and
# wait until a disk has them, which no test is about: who asks for a sync, and when, is tested without a disk.
in_memory() {
  memory=
  free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 {print $4}')
  [ ! -w /dev/shm ] || [ "${free:-0}" -lt 4000000 ] || memory=/dev/shm
  PYTEST_DEBUG_TEMPROOT=$memory "$@"
}

# static_checks: what needs no test to run
static_checks() {
  say '--- ruff'
  $bin/ruff check .
  $bin/ruff format --check .
  say '--- mypy'
  $bin/mypy
  say '--- import-linter'
  $bin/lint-imports
}

# fast_tests ARGUMENT...: the tests that need neither much time nor a browser, a Redis, containers, SyftBox or PySyft
fast_tests() {
  static_checks
  say '--- pytest'
  in_memory $bin/python -m pytest --numprocesses auto --dist loadfile \
    -m 'not (slow or redis or browser or docker or syftbox or pysyft)' --ignore tests/e2e "$@"
}

# container_tests: what builds and starts containers
container_tests() {
  # shellcheck disable=SC2086 # a list of options
  $bin/python -m pytest $measured ${measured:+--cov-append} --durations 10 -m docker tests/e2e
}

# other_tests COMMAND...: all others, as arguments of a command. Many wait for other programs, so there are two processes
# more than processors. The files begin in the order of tests/conftest.py.
other_tests() {
  processes=$($bin/python -c 'import os; print((os.cpu_count() or 1) + 2)')
  # shellcheck disable=SC2086 # a list of options
  in_memory "$@" $bin/python -m pytest $measured --numprocesses "$processes" --dist loadfile --no-loadscope-reorder \
    --durations 20 -m 'not docker'
}

# all_tests: containers wait half of their time, in which the others run; these are nice, so that services in containers
# start as if they had the machine to themselves
all_tests() {
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  container_tests >"$log" 2>&1 &
  containers=$!
  failed=
  other_tests nice || failed=yes
  wait "$containers" || failed=yes
  say '--- containers'
  cat "$log"
  [ -z "$failed" ]
}

run_tests() {
  # Else every process that a test starts would compile all that it imports, and each process of pytest all tests.
  unset PYTHONDONTWRITEBYTECODE
  bin=.venv/bin
  measured=
  skipped=
  others=
  # Packages are installed by one processor at a time.
  if [ "${1:-}" != --fast ]; then
    find_syftbox_python
    other_environments &
    others=$!
  fi
  python_environment dev
  case ${1:-} in
    --fast)
      shift
      fast_tests "$@"
      return
      ;;
    --coverage)
      shift
      # A part of the tests covers less than fail_under says, so that is looked at once, at the end.
      measured='--cov=netflix_trend --cov=services --cov-report=term-missing:skip-covered --cov-fail-under=0'
      ;;
  esac
  need_for_tests redis-server redis-server 'Tests with a real Redis'
  need_for_tests chromedriver 'chromium chromium-driver' 'Tests with a real browser'
  wait "$others"
  if reason=$(why_no_docker); then
    [ "${CI:-}" != true ] || fail "container tests cannot run. $reason"
    say "Container tests will be skipped. $reason"
    skipped=yes
  fi
  if [ $# -gt 0 ]; then
    static_checks
    say '--- pytest'
    # shellcheck disable=SC2086 # a list of options
    $bin/python -m pytest $measured "$@"
    return
  fi
  # mypy has one processor; what all processes of pytest need is compiled on another one, once instead of by each.
  static_checks &
  checks=$!
  $bin/python -m pytest --collect-only --quiet --quiet >/dev/null || : # what cannot be collected fails below
  wait "$checks"
  say '--- pytest'
  if [ -z "$measured" ]; then
    all_tests
    return
  fi
  # Both write the same file.
  other_tests env
  container_tests
  say '--- coverage'
  if [ -n "$skipped" ]; then
    say 'Not checked: tests were skipped, see above.'
  else
    $bin/coverage report --format=total
  fi
}
