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

Without a verb: what SyftBox runs, the services in the foreground; without Docker a look an hour, once you have imported
something. Settings: .env (see .env.example).
TEXT
}

say() { printf '%s\n' "$*"; }
fail() { printf 'run.sh: %s\n' "$*" >&2; exit "$failure"; }
failure=1

# --- Python ------------------------------------------------------------------------------------------------------

# python_environment LOCK [FOLDER]: a virtual environment, .venv if not named, with the packages of
# requirements/LOCK.txt, exactly. Says what it does on stderr: what a verb prints is for the caller.
python_environment() {
  . "$root/requirements/environment.sh"
  install_python_environment "$1" "${2:-.venv}" >&2
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

# on_folders: whether every verb works on folders of this machine and not in Docker: PRIVATE_DIR is set, ./run.sh once has
# worked here, or there is no Docker. Then exports where they are. Fails where both could be meant.
on_folders() {
  find_syftbox
  if [ -z "$(setting PRIVATE_DIR '')" ]; then
    publisher=$(folder PUBLISHER_DIR publisher)
    volume=$(setting COMPOSE_PROJECT_NAME netflix-trend)_publisher
    if [ -d "$publisher" ]; then
      ! docker volume inspect "$volume" >/dev/null 2>&1 || fail "both ./run.sh once (folder $publisher) and Docker's" \
        "services (volume $volume) may have published. For the first: PRIVATE_DIR=./private ./run.sh ${verb:-}" \
        "... For the second, move that folder elsewhere first. To withdraw, do both."
    elif reason=$(why_no_docker); then
      # A Docker that merely does not run may hold everything.
      ! docker compose version >/dev/null 2>&1 || fail "$reason Start it; to work without: PRIVATE_DIR=./private in .env"
    else
      return 1
    fi
  fi
  use_folders
}

use_folders() {
  PRIVATE_DIR=$(folder PRIVATE_DIR private) PUBLISHER_DIR=$(folder PUBLISHER_DIR publisher)
  DATASITES_DIR=$(folder DATASITES_DIR ./datasites)
  export PRIVATE_DIR PUBLISHER_DIR DATASITES_DIR
  keep_private
}

# need_services: Docker, where nobody works without it
need_services() {
  need_docker
  [ -z "$(setting NETFLIX_PASSWORD '')" ] || fail 'NETFLIX_PASSWORD: others can read .env and the environment. Put the' \
    'password into the file netflix_password in SECRETS_DIR, chmod 600, and take it out of there. See docs/scraper.md'
  ! on_folders || fail "this clone works without Docker, on $PRIVATE_DIR and $PUBLISHER_DIR. For Docker's services move" \
    'both elsewhere, take PRIVATE_DIR out of .env, and import again.'
  prepare_environment
}

# absolute PATH: as Compose understands one of .env
absolute() {
  # shellcheck disable=SC2016 # as written in .env
  case $1 in
    /*) printf %s "$1" ;;
    '~/'* | '$HOME/'* | '${HOME}/'*) printf %s "${HOME:-}/${1#*/}" ;;
    *) printf %s "$root/${1#./}" ;;
  esac
}

# real PATH: without links and .., as far as it is there
real() (
  path=$1 missing=
  until cd -P "${path:-/}" 2>/dev/null; do missing=/${path##*/}$missing path=${path%/*}; done
  printf %s "${PWD%/}$missing"
)

# keep_private: exports, tables and secrets must not lie where SyftBox uploads
keep_private() {
  uploaded=$(real "$(folder DATASITES_DIR ./datasites)")
  for one in OUTPUT_DIR=drop SECRETS_DIR=secrets PRIVATE_DIR=private PUBLISHER_DIR=publisher SYFTBOX_TOKEN_DIR=syftbox-token; do
    place=$(folder "${one%=*}" "${one#*=}")
    case $(real "$place")/ in
      "$uploaded"/*) fail "${one%=*}: $place would be uploaded, it lies in $uploaded. Name another folder in .env" ;;
    esac
  done
}

is_running() { [ -n "$(docker compose ps --quiet --status running "$1" 2>/dev/null)" ]; }

# on_volumes SERVICE MODULE ARGUMENT...: in the running service, else in a container of its own on the same volumes, or on
# folders of this machine. Does not return.
on_volumes() {
  service=$1
  shift
  if on_folders; then
    python_environment demo
    export_settings
    run_python "$@"
  fi
  prepare_environment
  if is_running "$service"; then
    exec docker compose exec --no-TTY "$service" python -m "$@"
  fi
  if ! docker compose run --rm --quiet-pull prepare >&2 && [ "$service" != processor ]; then exit 1; fi
  if [ "$service" = publisher ]; then need_datasite; fi
  exec docker compose run --rm --no-deps --no-TTY "$service" python -m "$@"
}

# need_datasite: Docker would make the mounted folder, and SyftBox would take it for a complete datasite
need_datasite() {
  datasite=$(folder DATASITES_DIR ./datasites)/$(setting SYFTBOX_EMAIL me@example.org)
  [ -d "$datasite" ] || fail "there is no datasite $datasite. Start SyftBox, and check SYFTBOX_EMAIL and DATASITES_DIR in .env"
}

# export_settings: what .env says about reading exports, for a process outside of Compose
export_settings() {
  for name in NETFLIX_PROFILE DATE_ORDER ACTIVITY_PROFILES SHORTEST_VIEW_SECONDS TZ SYFTBOX_EMAIL AGGREGATOR_DATASITE \
    LIMIT_ODDS LIMIT_REPORTS_PER_YEAR LIMIT_QUESTIONS JOIN; do
    value=$(setting "$name" '')
    [ -z "$value" ] || export "$name=$value"
  done
}

# setting NAME DEFAULT: from the environment, else from .env, read as Compose reads it: quotes and comments are no value
setting() {
  eval "value=\${$1:-}"
  [ -n "$value" ] || value=$(cat .env 2>/dev/null | tr -d '\r' | sed -n -e 's/^[[:blank:]]*//; s/^export[[:blank:]]*//' \
    -e "s/^$1[[:blank:]]*=[[:blank:]]*//p" | tail -n 1 | sed -e "s/^'\([^']*\)'.*/\1/; t" \
    -e 's/^"\([^"]*\)".*/\1/; t' -e 's/[[:blank:]]#.*//; s/[[:blank:]]*$//')
  printf %s "${value:-$2}"
}

# folder NAME DEFAULT: the setting as an absolute path
folder() { absolute "$(setting "$1" "$2")"; }

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
  [ -z "$datasites" ] || export DATASITES_DIR="$(absolute "$datasites")"
}

# json_value NAME FILE: a text of a flat JSON file; nothing when it is not there
json_value() {
  [ -f "$2" ] || return 0
  tr -d '\n' <"$2" | sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p'
}

prepare_environment() {
  [ -f .env ] || cp .env.example .env
  find_syftbox
  keep_private
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
    mkdir -p "$(folder OUTPUT_DIR ./drop)" "$(folder DATASITES_DIR ./datasites)" "$(folder SECRETS_DIR ./secrets)"
  fi
}

# --- Verbs -------------------------------------------------------------------------------------------------------

# in_background COMMAND ...: one that ends in exec, so that it ends with us: SyftBox sends its signal to the shell only
in_background() {
  (failure=1; "$@") &
  child=$!
  wait "$child"
}

stop() {
  [ -z "$child" ] || { kill -TERM "$child" 2>/dev/null || :; wait "$child" || :; }
  exit 0
}

participant_in_foreground() {
  # SyftBox would start a failing app again every five seconds.
  failure=0 child=
  trap stop TERM INT HUP
  if reason=$(why_no_docker); then
    drop=$(folder OUTPUT_DIR ./drop)
    # A Docker that merely does not run yet may have services that publish.
    if ! docker compose version >/dev/null 2>&1 && on_folders && has_exports; then look_hourly; fi
    say "Netflix Trend is not running. $reason Without Docker: ./run.sh once EXPORT"
    exit 0
  fi
  need_services
  [ "$inside_syftbox" = yes ] || exec docker compose up --build
  in_background exec docker compose up --build ||
    say 'Netflix Trend has stopped with an error, see above. Then: ./run.sh up'
  exit 0
}

# has_exports: whether something was imported without Docker, or lies in the drop folder
has_exports() {
  for file in "$PRIVATE_DIR"/profiles/*/ "$drop"/*.[cC][sS][vV] "$drop"/*.[zZ][iI][pP]; do
    [ ! -e "$file" ] || return 0
  done
  return 1
}

# look_hourly: what the services do, without Docker: import what lies in the drop folder, answer what is due
look_hourly() {
  say 'Without Docker: looking once an hour.'
  while :; do
    for file in "$drop"/*.[cC][sS][vV] "$drop"/*.[zZ][iI][pP]; do
      # A file that has just been written may not be whole yet.
      [ -f "$file" ] && [ -n "$(find "$file" -mmin +1)" ] || continue
      in_background on_volumes processor services.processor.cli import "$file" || continue
      place=$drop/done/${file##*/}
      [ ! -e "$place" ] || place=$drop/done/$(date +%s)-${file##*/}
      mkdir -p "$drop/done" && mv "$file" "$place" || :
    done
    in_background look_once || say 'This look failed, see above; the next one is in an hour.'
    in_background exec sleep 3600 || :
  done
}

# look_once: as ./run.sh once, but nobody asked for it: who has published nothing yet has to say ./run.sh join first
look_once() { ask_first; run_once; }

ask_first() {
  manifest=$DATASITES_DIR/$(setting SYFTBOX_EMAIL me@example.org)/app_data/netflix_trend/manifest.json
  [ -e "$PUBLISHER_DIR/ledger.jsonl" ] || [ -e "$manifest" ] || export JOIN="${JOIN:-ask}"
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

# free_name NAME: what a file is called in the drop folder, where every export of Netflix has the same name; one with a
# dot in front would never be taken
free_name() {
  name=$1 number=1
  while [ "$name" != "${name#.}" ]; do name=${name#.}; done
  case $name in
    *.[cC][sS][vV] | *.[zZ][iI][pP]) ;;
    *) name=${name:-export}.csv ;;
  esac
  stem=${name%.*} kind=${name##*.}
  while [ -e "$drop/$name" ]; do
    number=$((number + 1))
    name=$stem-$number.$kind
  done
  printf %s "$name"
}

import_files() {
  case "${1:-}" in
    '') fail 'import: name at least one file, such as ./run.sh import NetflixViewingHistory.csv' ;;
    -h | --help) import_help; exit 0 ;;
  esac
  if on_folders; then
    on_volumes processor services.processor.cli import "$@"
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
  drop=$(folder OUTPUT_DIR ./drop)
  mkdir -p "$drop"
  for file in "$@"; do
    case $file in /*) ;; *) file=$called_from/$file ;; esac
    [ -f "$file" ] || fail "import: $file: no such file"
    name=$(free_name "$(basename "$file")")
    # Under a dot-name first: the watcher takes whole files only. What to do with it lies there before it does.
    rm -f "$drop/.$name.options"
    [ -z "$options" ] || printf %s "$options" >"$drop/.$name.options"
    { cp -p "$file" "$drop/.$name.part" && chmod 0644 "$drop/.$name.part" && mv "$drop/.$name.part" "$drop/$name"; } ||
      { rm -f "$drop/.$name.part" "$drop/.$name.options"; fail "import: $file could not be copied to $drop, see above"; }
    say "$name is in the drop folder."
  done
  say 'Next: ./run.sh status shows what was read and published; ./run.sh up starts the services if they do not run.'
}

# choose VERB ARGUMENT...: keep a choice; the running publisher obeys it at once, and where none runs it looks once
choose() {
  case " $* " in *' --help '* | *' -h '*) on_volumes processor services.runtime.choose "$@" ;; esac
  (on_volumes processor services.runtime.choose "$@") || exit 1
  if on_folders; then look_once; fi
  ! is_running publisher || return 0
  (on_volumes publisher services.publisher.look) ||
    fail 'your choice is kept but not carried out: your datasite still holds what it held. Next: ./run.sh up'
}

# run_once [EXPORT ...]: processor and publisher in one process, on folders of this machine
run_once() {
  find_syftbox
  use_folders
  python_environment demo
  export_settings
  run_python services.local "$@"
}

# scraper VERB [OPTION ...]: the browser, in a container of its own that is removed afterwards
scraper() {
  need_services
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
  if [ "${1:-}" = --demo ]; then
    use_folders
  elif ! on_folders; then
    prepare_environment
    docker compose up --detach --build --wait
    say "Open http://127.0.0.1:$port"
    return
  fi
  python_environment demo
  ask_first
  export_settings
  DASHBOARD_PORT=$port OUTPUT_DIR=$(folder OUTPUT_DIR ./drop)
  export DASHBOARD_PORT OUTPUT_DIR
  run_python services.local.dashboard "$@"
}

show_status() {
  if on_folders; then on_volumes publisher services.publisher.status; fi
  docker compose ps --all --format 'table {{.Service}}\t{{.Status}}'
  say ''
  (on_volumes publisher services.publisher.status) || exit 1
  say ''
  docker compose logs --no-log-prefix --tail 5 processor publisher 2>/dev/null || true
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
    need_services
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
  insights | event) on_volumes processor services.processor.cli "$verb" "$@" ;;
  privacy) on_volumes publisher services.publisher.summary ;;
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
  test)
    . "$root/tests/run.sh"
    run_tests "$@"
    ;;
  help | -h | --help) usage ;;
  *)
    printf 'run.sh: there is no verb %s.\n\n' "$verb" >&2
    usage >&2
    exit 2
    ;;
esac
