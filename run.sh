#!/bin/sh
# The one entry of Netflix Trend. SyftBox starts it without arguments (as `sh run.sh`); people use the verbs.
set -eu
cd -P "$(dirname "$0")"

usage() {
  cat <<'TEXT'
Usage: ./run.sh [VERB]

  demo [EXPORT.csv ...]   your export and thousands of invented people in one process; no Docker needed
  up                      start your machine's services in the background
  down                    stop them; nothing is deleted
  import FILE ...         put exports into the drop folder
  status                  services, and what was published
  aggregator              start an aggregator (page on http://127.0.0.1:8650)
  test                    install what the tests need and run everything
  help                    this text

Without a verb: what SyftBox runs, the services in the foreground. Settings: .env (see .env.example).
TEXT
}

say() { printf '%s\n' "$*"; }
fail() { printf 'run.sh: %s\n' "$*" >&2; exit 1; }

# --- Python ------------------------------------------------------------------------------------------------------

find_python() {
  for candidate in python3 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  fail 'needs Python 3.11 or newer. On Debian or Ubuntu: apt install python3 python3-venv'
}

as_root_on_debian() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

apt_install() {
  say "Installing $* ..."
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq \
    -o Dpkg::Use-Pty=0 --no-install-recommends "$@"; } >/dev/null
}

# python_environment LOCK: .venv with the packages of requirements/LOCK.txt, exactly
python_environment() {
  lock=requirements/$1.txt
  stamp=.venv/.installed-$1
  wanted=$(cksum <"$lock")
  [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ] && return
  if ! [ -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(find_python) || exit 1
    say "Making a virtual environment in .venv with $("$python" --version) ..."
    if ! "$python" -m venv --clear .venv >/dev/null 2>&1; then
      as_root_on_debian || fail "this Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv"
      apt_install python3-venv
      "$python" -m venv --clear .venv
    fi
  fi
  say "Installing $(grep -c '^[a-z].*==' "$lock") locked packages (once) ..."
  .venv/bin/python -m pip install --disable-pip-version-check --require-hashes -r "$lock" ||
    fail 'installing packages failed; is a package index reachable?'
  printf %s "$wanted" >"$stamp"
}

# --- Docker ------------------------------------------------------------------------------------------------------

# why_no_docker: says what is missing; fails when everything is there
why_no_docker() {
  if ! command -v docker >/dev/null 2>&1; then
    say 'Docker is not installed: see https://docs.docker.com/engine/install'
  elif ! docker compose version >/dev/null 2>&1; then
    say 'Docker has no Compose plugin: see https://docs.docker.com/compose/install'
  elif ! docker info >/dev/null 2>&1; then
    say 'The Docker engine does not run, or this user may not use it.'
  else
    return 1
  fi
}

need_docker() {
  if reason=$(why_no_docker); then fail "$reason Without Docker: ./run.sh demo"; fi
}

# setting NAME DEFAULT: from the environment, else from .env
setting() {
  eval "value=\${$1:-}"
  [ -n "$value" ] || value=$(sed -n "s/^$1=//p" .env 2>/dev/null | tail -n 1)
  printf %s "${value:-$2}"
}

prepare_environment() {
  [ -f .env ] || cp .env.example .env
  # Started by SyftBox: its variables say who and where we are.
  if [ -n "${SYFTBOX_DATA_DIR:-}" ]; then
    DATASITES_DIR=${DATASITES_DIR:-$SYFTBOX_DATA_DIR/datasites}
    export DATASITES_DIR
  fi
  # The services work as the person who starts them, but never as root.
  if [ "$(id -u)" != 0 ]; then
    PARTICIPANT_UID=$(id -u) PARTICIPANT_GID=$(id -g)
    export PARTICIPANT_UID PARTICIPANT_GID
    mkdir -p "$(setting OUTPUT_DIR ./drop)" "$(setting DATASITES_DIR ./datasites)"
  fi
}

# --- Verbs -------------------------------------------------------------------------------------------------------

participant_in_foreground() {
  if reason=$(why_no_docker); then
    # Exit 0: SyftBox would start a failing app again every five seconds.
    say "Netflix Trend is not running. $reason"
    exit 0
  fi
  prepare_environment
  exec docker compose up --build
}

import_files() {
  [ $# -gt 0 ] || fail 'import: name at least one file, such as ./run.sh import NetflixViewingHistory.csv'
  prepare_environment
  drop=$(setting OUTPUT_DIR ./drop)
  mkdir -p "$drop"
  for file in "$@"; do
    [ -f "$file" ] || fail "import: $file: no such file"
    name=$(basename "$file")
    # Under a dot-name first: the watcher takes whole files only.
    cp -p "$file" "$drop/.$name.part" && chmod 0644 "$drop/.$name.part" && mv "$drop/.$name.part" "$drop/$name"
    say "$name is in the drop folder."
  done
  say 'Next: ./run.sh status shows what was published; ./run.sh up starts the services if they are not running.'
}

show_status() {
  need_docker
  docker compose ps --all --format 'table {{.Service}}\t{{.Status}}'
  releases=$(setting DATASITES_DIR ./datasites)/$(setting SYFTBOX_EMAIL me@example.org)/app_data/netflix_trend/releases
  say ''
  say "Releases in $releases:"
  found=no
  for file in "$releases"/*.json; do
    [ -f "$file" ] || continue
    found=yes
    say "  $(basename "$file" .json)  $(wc -c <"$file") bytes"
  done
  [ "$found" = yes ] || say '  none yet'
  say ''
  docker compose logs --no-log-prefix --tail 5 processor publisher 2>/dev/null || true
}

run_tests() {
  python_environment dev
  if ! command -v redis-server >/dev/null 2>&1; then
    if as_root_on_debian; then
      apt_install redis-server
    elif [ "${CI:-}" = true ]; then
      fail 'redis-server is missing. On Debian or Ubuntu: apt install redis-server'
    else
      say 'Missing: redis-server (apt install redis-server). Tests with a real Redis will be skipped.'
    fi
  fi
  if reason=$(why_no_docker); then
    [ "${CI:-}" != true ] || fail "container tests cannot run. $reason"
    say "Container tests will be skipped. $reason"
  fi
  bin=.venv/bin
  say '--- ruff'
  $bin/ruff check .
  $bin/ruff format --check .
  say '--- mypy'
  $bin/mypy
  say '--- import-linter'
  $bin/lint-imports
  say '--- pytest'
  $bin/python -m pytest "$@"
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
  '') participant_in_foreground ;;
  demo)
    python_environment demo
    exec .venv/bin/python -m services.demo "$@"
    ;;
  up)
    need_docker
    prepare_environment
    docker compose up --detach --build --wait
    say "Running. Put NetflixViewingHistory.csv into $(setting OUTPUT_DIR ./drop), or: ./run.sh import FILE"
    ;;
  down)
    need_docker
    docker compose down
    ;;
  import) import_files "$@" ;;
  status) show_status ;;
  aggregator)
    need_docker
    prepare_environment
    exec docker compose -f docker-compose.aggregator.yml up --build "$@"
    ;;
  test) run_tests "$@" ;;
  help | -h | --help) usage ;;
  *)
    printf 'run.sh: there is no verb %s.\n\n' "$verb" >&2
    usage >&2
    exit 2
    ;;
esac
