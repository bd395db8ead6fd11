#!/bin/sh
# The one entry of Netflix Trend. SyftBox starts it without arguments (as `sh run.sh`); people use the verbs.
set -eu
called_from=$PWD
cd -P "$(dirname "$0")"
root=$PWD

usage() {
  cat <<'TEXT'
Usage: ./run.sh [VERB]

  demo [EXPORT ...]       your export and thousands of invented people in one process; no Docker needed
  demo --network          a whole SyftBox network of containers on this machine; --down removes it
  up                      start your machine's services in the background
  down                    stop them; nothing is deleted
  once [EXPORT ...]       import and answer what is due, in one process; for cron, no Docker needed
  read FILE ... [--json]  say what is in exports, without storing anything
  import FILE ...         import exports; --profile, --date-order, --only: see ./run.sh import --help
  scrape                  fetch the history with a browser, once (Netflix's terms forbid automated access)
  login                   sign in for the browser, in a page on 127.0.0.1
  cookies FILE            or give it the cookies of your own browser; FILE is deleted afterwards
  reset                   let the browser try again after a stop
  doctor                  what a maintainer needs to know about the browser; nothing about you
  insights [--json]       what your own history says
  dashboard [--demo]      your own page on http://127.0.0.1:8651; no Docker needed; --demo: of the last demo
  event add|list|remove   life events, such as: event add sick 2026-02-01 2026-02-09
  status                  services, and what was published
  privacy                 what was published, and what it costs, in plain words
  join | pause            answer surveys, or none for now
  withdraw                remove everything from your datasite, with a receipt
  limits                  lower your limits: --odds, --reports, --questions
  aggregator              start an aggregator (page on http://127.0.0.1:8650)
  aggregator enrol|remove ADDRESS ..., aggregator participants
  test                    install what the tests need and run everything
  help                    this text

Without a verb: what SyftBox runs, the services in the foreground. Settings: .env (see .env.example).
TEXT
}

say() { printf '%s\n' "$*"; }
fail() { printf 'run.sh: %s\n' "$*" >&2; exit 1; }

# --- Python ------------------------------------------------------------------------------------------------------

# find_python: the first Python that is new enough; $oldest_python goes before others
find_python() {
  for candidate in ${oldest_python:-} python3 python3.13 python3.12 python3.11; do
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

# python_environment LOCK [FOLDER]: a virtual environment, .venv if not named, with the packages of
# requirements/LOCK.txt, exactly. Says what it does on stderr: what a verb prints is for the caller.
python_environment() { install_python_environment "$1" "${2:-.venv}" >&2; }

install_python_environment() {
  lock=requirements/$1.txt venv=$2
  stamp=$venv/.installed-$1
  wanted=$(cksum <"$lock")
  # What the tests need holds what every service needs.
  for installed in "$1" dev; do
    found=$(cat "$venv/.installed-$installed" 2>/dev/null || true)
    [ ! -x "$venv/bin/python" ] || [ "$found" != "$(cksum <"requirements/$installed.txt")" ] || return 0
  done
  if ! [ -x "$venv/bin/python" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python) || exit 1
    say "Making a virtual environment in $venv with $("$python" --version) ..."
    if ! "$python" -m venv --clear "$venv" >/dev/null 2>&1; then
      as_root_on_debian || fail "this Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv"
      apt_install python3-venv
      "$python" -m venv --clear "$venv"
    fi
  fi
  say "Installing $(grep -c '^[a-z].*==' "$lock") locked packages (once) ..."
  # The lock is complete: resolving it again would only let an older pip trip over it.
  "$venv/bin/python" -m pip install --disable-pip-version-check --quiet --require-hashes --no-deps -r "$lock" ||
    fail 'installing packages failed; is a package index reachable?'
  printf %s "$wanted" >"$stamp"
}

# syftbox_environment: the real SyftBox server and client, for tests; they need Python 3.12 or older
syftbox_environment() {
  for candidate in python3.12 python3.11 python3; do
    if command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then
      oldest_python=$candidate python_environment syftbox .venv-syftbox
      return
    fi
  done
  [ "${CI:-}" != true ] || fail 'tests with a real SyftBox need Python 3.11 or 3.12'
  say 'Tests with a real SyftBox will be skipped: SyftBox 0.4.0 needs Python 3.11 or 3.12.'
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

# run_python MODULE ARGUMENT...: runs a module where run.sh was called from, so that relative paths mean what they say
run_python() {
  cd "$called_from"
  PYTHONPATH=$root exec "$root/.venv/bin/python" -P -m "$@"
}

# without_docker: whether to work on folders of this machine: with PRIVATE_DIR set, or where Docker cannot be used. Then
# exports where they are.
without_docker() {
  private=$(setting PRIVATE_DIR '') && [ -n "$private" ] || why_no_docker >/dev/null || return 1
  PRIVATE_DIR=$(absolute "${private:-private}")
  PUBLISHER_DIR=$(absolute "$(setting PUBLISHER_DIR publisher)")
  DATASITES_DIR=$(absolute "$(setting DATASITES_DIR ./datasites)")
  export PRIVATE_DIR PUBLISHER_DIR DATASITES_DIR
}

# publishes_without_docker: somebody who publishes with ./run.sh once has a ledger here. Then exports where it is.
publishes_without_docker() {
  [ -n "$(setting PRIVATE_DIR '')" ] || [ -d publisher ] || return 1
  PRIVATE_DIR=$(setting PRIVATE_DIR private)
  without_docker
}

absolute() {
  case $1 in /*) printf %s "$1" ;; *) printf %s "$root/${1#./}" ;; esac
}

# processor VERB ARGUMENT...
processor() { on_private_volume services.processor.cli "$@"; }

# on_private_volume MODULE ARGUMENT...: on the private volume of the running services, else on that of stopped ones, and
# without Docker on a folder of this machine
on_private_volume() {
  find_syftbox
  if without_docker; then
    python_environment demo
    export_settings
    run_python "$@"
  fi
  prepare_environment
  if [ -n "$(docker compose ps --quiet --status running processor 2>/dev/null)" ]; then
    exec docker compose exec --no-TTY processor python -m "$@"
  fi
  docker compose run --rm --quiet-pull prepare >&2
  exec docker compose run --rm --no-deps --no-TTY processor python -m "$@"
}

# export_settings: what .env says about reading exports, for a process outside of Compose
export_settings() {
  for name in NETFLIX_PROFILE DATE_ORDER ACTIVITY_PROFILES SHORTEST_VIEW_SECONDS TZ SYFTBOX_EMAIL AGGREGATOR_DATASITE \
    LIMIT_ODDS LIMIT_REPORTS_PER_YEAR LIMIT_QUESTIONS JOIN; do
    value=$(setting "$name" '')
    [ -z "$value" ] || export "$name=$value"
  done
}

# setting NAME DEFAULT: from the environment, else from .env
setting() {
  eval "value=\${$1:-}"
  [ -n "$value" ] || value=$(sed -n "s/^$1=//p" .env 2>/dev/null | tail -n 1)
  printf %s "${value:-$2}"
}

# find_syftbox: where SyftBox started us, or we lie in its folder apps/, it knows who and where we are, whichever the
# generation: from its variables, else from its configuration. What .env says goes first.
find_syftbox() {
  [ -z "${inside_syftbox:-}" ] || return 0
  inside_syftbox=no
  config=${SYFTBOX_CLIENT_CONFIG_PATH:-}
  case $root in */apps/netflix_trend | */apis/netflix_trend) : "${config:=${HOME:-}/.syftbox/config.json}" ;; esac
  [ -n "$config$(printf %s "${SYFTBOX_DATA_DIR:-}")" ] || return 0
  inside_syftbox=yes
  email=$(setting SYFTBOX_EMAIL me@example.org) datasites=$(setting DATASITES_DIR ./datasites)
  if [ "$email" = me@example.org ]; then
    email=$(json_value email "$config")
  fi
  if [ "$datasites" = ./datasites ]; then
    data=${SYFTBOX_DATA_DIR:-$(json_value data_dir "$config")}
    datasites=${data:+$data/datasites}
  fi
  [ -z "$email" ] || export SYFTBOX_EMAIL="$email"
  [ -z "$datasites" ] || export DATASITES_DIR="$datasites"
}

# json_value NAME FILE: a text of a flat JSON file; nothing when it is not there
json_value() {
  [ -f "$2" ] || return 0
  tr -d '\n' <"$2" | sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p'
}

prepare_environment() {
  [ -f .env ] || cp .env.example .env
  find_syftbox
  # Days and weeks are cut in this machine's time zone unless .env names another; a container does not know it.
  if [ -z "$(setting TZ '')" ]; then
    TZ=$(readlink /etc/localtime 2>/dev/null | sed -n 's|.*/zoneinfo/||p')
    [ -n "$TZ" ] || TZ=$(cat /etc/timezone 2>/dev/null || true)
    export TZ
  fi
  # The services work as the person who starts them, but never as root.
  if [ "$(id -u)" != 0 ]; then
    PARTICIPANT_UID=$(id -u) PARTICIPANT_GID=$(id -g)
    export PARTICIPANT_UID PARTICIPANT_GID
    mkdir -p "$(setting OUTPUT_DIR ./drop)" "$(setting DATASITES_DIR ./datasites)" "$(setting SECRETS_DIR ./secrets)"
  fi
}

# --- Verbs -------------------------------------------------------------------------------------------------------

participant_in_foreground() {
  if reason=$(why_no_docker); then
    # Exit 0: SyftBox would start a failing app again every five seconds.
    say "Netflix Trend is not running. $reason Without Docker: ./run.sh once EXPORT"
    exit 0
  fi
  prepare_environment
  [ "$inside_syftbox" = yes ] || exec docker compose up --build
  docker compose up --build &
  compose=$!
  # SyftBox ends the shell only: pass it on.
  trap 'kill -TERM "$compose" 2>/dev/null; wait "$compose"; exit 0' TERM INT HUP
  # Exit 0, for the same reason as above: what failed once, such as building, would fail every five seconds.
  wait "$compose" || say 'Netflix Trend has stopped with an error, see above. Then: ./run.sh up'
  exit 0
}

import_help() {
  cat <<'TEXT'
Usage: ./run.sh import [--profile NAME] [--date-order mdy|dmy|ymd] [--only NETFLIX_PROFILE]... FILE ...

  FILE          NetflixViewingHistory.csv, ViewingActivity.csv, or the zip that Netflix sends (only ViewingActivity.csv
                is read out of it)
  --profile     name to store the files under, for several people on one account; importing a file again under
                another name moves it
  --date-order  order of day, month and year, for a file whose dates do not tell
  --only        count this Netflix profile of a ViewingActivity.csv and no other; may be given several times
TEXT
}

import_files() {
  case "${1:-}" in
    '') fail 'import: name at least one file, such as ./run.sh import NetflixViewingHistory.csv' ;;
    -h | --help) import_help; exit 0 ;;
  esac
  if without_docker; then
    processor import "$@"
  fi
  options=
  while [ $# -gt 0 ]; do
    case $1 in
      --profile=* | --date-order=* | --only=*) given=${1#--} ;;
      --profile | --date-order | --only)
        [ $# -gt 1 ] || fail "import: $1 needs a value"
        given=${1#--}=$2
        shift
        ;;
      --) shift; break ;;
      -*) fail "import: there is no option $1. See ./run.sh import --help" ;;
      *) break ;;
    esac
    case $given in date-order=mdy | date-order=dmy | date-order=ymd) given=date_order=${given#*=} ;;
      date-order=*) fail 'import: --date-order is mdy, dmy or ymd' ;;
    esac
    options="$options$given
"
    shift
  done
  [ $# -gt 0 ] || fail 'import: name at least one file'
  prepare_environment
  drop=$(setting OUTPUT_DIR ./drop)
  mkdir -p "$drop"
  for file in "$@"; do
    case $file in /*) ;; *) file=$called_from/$file ;; esac
    [ -f "$file" ] || fail "import: $file: no such file"
    name=$(basename "$file")
    case $name in
      *.[cC][sS][vV] | *.[zZ][iI][pP]) ;;
      *) name=$name.csv ;;
    esac
    # Under a dot-name first: the watcher takes whole files only. What to do with it lies there before it does.
    rm -f "$drop/.$name.options"
    [ -z "$options" ] || printf %s "$options" >"$drop/.$name.options"
    cp -p "$file" "$drop/.$name.part" && chmod 0644 "$drop/.$name.part" && mv "$drop/.$name.part" "$drop/$name"
    say "$name is in the drop folder."
  done
  say 'Next: ./run.sh status shows what was read and published; ./run.sh up starts the services if they do not run.'
}

# choose VERB ARGUMENT...: keep a choice; the publisher obeys it at its next look, within a minute, or here at once
choose() {
  case " $* " in *' --help '* | *' -h '*) on_private_volume services.common.choose "$@" ;; esac
  (on_private_volume services.common.choose "$@") || exit 1
  find_syftbox
  if without_docker; then run_once; fi
}

# run_once [EXPORT ...]: processor and publisher in one process, on folders of this machine
run_once() {
  find_syftbox
  PRIVATE_DIR=$(setting PRIVATE_DIR private)
  without_docker
  python_environment demo
  export_settings
  run_python services.once "$@"
}

# scraper VERB [OPTION ...]: the browser, in a container of its own that is removed afterwards
scraper() {
  need_docker
  prepare_environment
  verb=$1
  shift
  if [ "$verb" != scrape ]; then # nothing else needs the queue
    docker compose run --rm --quiet-pull prepare >&2 </dev/null
    set -- --no-deps "$@"
  fi
  docker compose run --rm --quiet-pull --no-TTY "$@"
}

give_cookies() {
  [ $# = 1 ] || fail 'cookies: name one file, such as ./run.sh cookies cookies.txt'
  case $1 in /*) file=$1 ;; *) file=$called_from/$1 ;; esac
  [ -f "$file" ] || fail "cookies: $1: no such file"
  scraper cookies scraper python -m services.scraper import-cookies <"$file" || exit 1
  rm -f "$file"
  say "$1 was deleted: whoever has it is signed in as you."
}

# run_dashboard [--demo [FOLDER]]: the own page, of the services, or without Docker in one process
run_dashboard() {
  find_syftbox
  port=${SYFTBOX_ASSIGNED_PORT:-$(setting DASHBOARD_PORT 8651)}
  if [ "${1:-}" != --demo ] && ! without_docker; then
    prepare_environment
    docker compose up --detach --build --wait
    say "Open http://127.0.0.1:$port"
    return
  fi
  python_environment demo
  export_settings
  DASHBOARD_PORT=$port OUTPUT_DIR=$(absolute "$(setting OUTPUT_DIR ./drop)")
  # Without services that run all the time nothing is published by surprise.
  JOIN=$(setting JOIN ask)
  export DASHBOARD_PORT OUTPUT_DIR JOIN
  run_python services.once.dashboard "$@"
}

show_status() {
  find_syftbox
  if publishes_without_docker; then
    python_environment demo
    export_settings
    run_python services.publisher.status
  fi
  need_docker
  prepare_environment
  docker compose ps --all --format 'table {{.Service}}\t{{.Status}}'
  say ''
  docker compose run --rm --no-deps --no-TTY publisher python -m services.publisher.status
  say ''
  docker compose logs --no-log-prefix --tail 5 processor publisher 2>/dev/null || true
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
  fi
}

run_tests() {
  python_environment dev
  need_for_tests redis-server redis-server 'Tests with a real Redis'
  need_for_tests chromedriver 'chromium chromium-driver' 'Tests with a real browser'
  syftbox_environment
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
  # All of them take turns on all processors; tests/conftest.py says which stay together.
  [ $# -gt 0 ] || set -- --numprocesses auto --dist loadgroup --durations 20
  $bin/python -m pytest "$@"
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
  '') participant_in_foreground ;;
  demo)
    module=services.demo
    case " $* " in *' --network '*) need_docker && module=services.demo.containers ;; esac
    python_environment demo
    run_python "$module" "$@"
    ;;
  up)
    need_docker
    prepare_environment
    docker compose up --detach --build --wait
    say "Running: http://127.0.0.1:${SYFTBOX_ASSIGNED_PORT:-$(setting DASHBOARD_PORT 8651)} is your page."
    say "Put NetflixViewingHistory.csv into $(setting OUTPUT_DIR ./drop), or: ./run.sh import FILE"
    ;;
  down)
    need_docker
    docker compose down
    ;;
  import) import_files "$@" ;;
  read)
    python_environment demo
    export_settings
    run_python services.processor.cli read "$@"
    ;;
  scrape | reset | doctor) scraper "$verb" scraper python -m services.scraper "$verb" ;;
  login)
    port=$(setting LOGIN_PORT 8765)
    scraper login --publish "127.0.0.1:$port:$port" scraper \
      python -m services.scraper login --listen 0.0.0.0 --port "$port"
    ;;
  cookies) give_cookies "$@" ;;
  insights | event) processor "$verb" "$@" ;;
  privacy)
    find_syftbox
    if publishes_without_docker; then
      python_environment demo
      export_settings
      run_python services.publisher.summary
    fi
    need_docker
    prepare_environment
    docker compose run --rm --no-deps --no-TTY publisher python -m services.publisher.summary
    ;;
  join | pause | withdraw | limits) choose "$verb" "$@" ;;
  once) run_once "$@" ;;
  dashboard) run_dashboard "$@" ;;
  status) show_status ;;
  aggregator)
    need_docker
    prepare_environment
    compose='docker compose -f docker-compose.aggregator.yml'
    case ${1:-} in
      enrol | remove | participants)
        if [ -n "$($compose ps --quiet --status running aggregator 2>/dev/null)" ]; then
          exec $compose exec --no-TTY aggregator python -m services.aggregator "$@"
        fi
        $compose run --rm --quiet-pull prepare >&2
        exec $compose run --rm --no-deps --no-TTY aggregator python -m services.aggregator "$@"
        ;;
      *) exec $compose up --build "$@" ;;
    esac
    ;;
  test) run_tests "$@" ;;
  help | -h | --help) usage ;;
  *)
    printf 'run.sh: there is no verb %s.\n\n' "$verb" >&2
    usage >&2
    exit 2
    ;;
esac
