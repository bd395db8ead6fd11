#!/bin/sh
# The entry of Netflix Trend in a clone. SyftBox starts it without arguments (as `sh run.sh`); people use verbs, see
# ./run.sh help. The verbs are in netflix_trend/cli: this makes the environment they need and becomes them.
set -eu
called_from=$PWD
cd "$(dirname "$0")"
# With links, as SyftBox may have put the app among others.
export NETFLIX_TREND_CLONE="$PWD"
cd -P .
root=$PWD

say() { printf '%s\n' "$*"; }
fail() { printf 'run.sh: %s\n' "$*" >&2; exit 1; }

# python_environment LOCK [FOLDER]: a virtual environment, .venv if not named, with the packages of
# requirements/LOCK.txt, exactly. Says what it does on stderr: what a verb prints is for the caller.
python_environment() { oldest_python=${oldest_python:-} sh "$root/requirements/environment.sh" "$@" >&2; }

in_git_bash() { command -v cygpath >/dev/null 2>&1; }

# native PATH: as programs of Windows know it; Git Bash has paths of its own
native() { if in_git_bash; then cygpath -m "$1"; else say "$1"; fi; }

# the_verb VERB ARGUMENT...: where run.sh was called from, so that relative paths mean what they say. Signals that SyftBox
# sends reach it, because it is this process.
the_verb() {
  cd "$called_from"
  python=$root/.venv/bin/python
  [ -x "$python" ] || python=$root/.venv/Scripts/python.exe
  PYTHONPATH=$(native "$root") exec "$python" -P -m netflix_trend "$@"
}

# --- Without Python: what Docker can do by itself -------------------------------------------------------------------

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

# in_env PATTERN: whether a line of .env begins so
in_env() { grep -q "^[[:blank:]]*\(export[[:blank:]]\)*$1" .env; }

# plain_settings: what docker compose has to know. Fails with a sentence on stdout where Python is needed for that.
plain_settings() {
  if in_env 'MODE=folders' || in_env 'PRIVATE_DIR=.' || [ -d publisher ]; then
    say 'This clone works on folders, which needs Python 3.11.'
    return 1
  fi
  if in_env 'NETFLIX_PASSWORD=.'; then
    say 'NETFLIX_PASSWORD: others can read .env. Put the password into the file netflix_password in SECRETS_DIR.'
    return 1
  fi
}

# syftbox_settings: whose machine it is, where SyftBox started us. Fails with a sentence where nobody says so.
syftbox_settings() {
  if in_env 'SYFTBOX_EMAIL=.' && ! in_env 'SYFTBOX_EMAIL=me@example\.org'; then
    unset SYFTBOX_EMAIL DATASITES_DIR
  elif [ -n "${SYFTBOX_EMAIL:-}" ] && [ -n "${SYFTBOX_DATA_DIR:-}" ]; then
    DATASITES_DIR=$(native "$SYFTBOX_DATA_DIR/datasites")
    export DATASITES_DIR
  else
    say 'Put SYFTBOX_EMAIL and DATASITES_DIR into .env, or install Python 3.11 or newer to find them.'
    return 1
  fi
}

# data_home: where a clone among SyftBox's apps has its settings and data, see netflix_trend/cli/data_home.py
data_home() {
  case ${XDG_DATA_HOME:-} in
    /*) say "$XDG_DATA_HOME/netflix-trend" ;;
    *) [ "$(uname)" = Darwin ] && say "${HOME:-}/Library/Application Support/netflix-trend" \
      || say "${HOME:-}/.local/share/netflix-trend" ;;
  esac
}

is_in_syftbox() {
  for place in "$root" "$NETFLIX_TREND_CLONE"; do
    case ${place%/*} in */apps | */apis) [ ! -d "${place%/*/*}/datasites" ] || return 0 ;; esac
  done
  [ -n "${SYFTBOX_DATA_DIR:-}${SYFTBOX_CLIENT_CONFIG_PATH:-}" ]
}

# plain_docker VERB: up, down, or what SyftBox starts, as lines of docker compose
plain_docker() {
  # SyftBox would start a failing app again every five seconds.
  if [ -n "$1" ]; then stop='fail'; else stop='quiet_end'; fi
  if reason=$(why_no_docker); then $stop "$reason"; fi
  [ "$1" != down ] || exec docker compose down
  # Other settings, or a ledger in containers beside the one there, would answer every round twice.
  if is_in_syftbox && home=$(data_home) && { [ -e "$home/.env" ] || [ -d "$home/publisher" ]; }; then
    $stop "Your settings and data are in $home, which needs Python 3.11. Install it, or connect to the internet."
  fi
  [ -f .env ] || cp .env.example .env
  start=--build
  if [ -n "${IMAGE:-}" ] || in_env 'IMAGE=.'; then start=--no-build; fi
  reason=$(plain_settings) || $stop "$reason"
  if is_in_syftbox; then
    # Not in a subshell: it sets variables.
    syftbox_settings >/dev/null || $stop "$(syftbox_settings)"
  fi
  [ -n "${TZ:-}" ] || in_env 'TZ=.' || export TZ="$(readlink /etc/localtime | sed -n 's|.*/zoneinfo/||p')"
  # The services work as the person who starts them, but never as root. On Windows, Docker Desktop decides it.
  [ "$(id -u)" = 0 ] || in_git_bash || export PARTICIPANT_UID="$(id -u)" PARTICIPANT_GID="$(id -g)"
  # Git Bash would change arguments that look like its paths.
  export MSYS_NO_PATHCONV=1
  [ -z "$1" ] || exec docker compose up --detach "$start" --wait
  is_in_syftbox || exec docker compose up "$start"
  # SyftBox sends its signal to this shell only.
  docker compose up "$start" &
  child=$!
  trap 'kill -TERM "$child" 2>/dev/null || :; wait "$child" || :; exit 0' TERM INT HUP
  wait "$child" || say 'Netflix Trend has stopped with an error, see above. Then: ./run.sh up'
  exit 0
}

quiet_end() { say "Netflix Trend is not running. $*"; exit 0; }

# --------------------------------------------------------------------------------------------------------------------

case ${1:-} in
  '')
    reason=$(python_environment cli 2>&1) || plain_docker ''
    [ -z "$reason" ] || say "$reason" >&2
    ;;
  test)
    case " $* " in *' --help '* | *' -h '*) ;; *)
      shift
      . "$root/tests/run.sh"
      run_tests "$@"
      exit
      ;;
    esac
    python_environment cli
    ;;
  up | down) python_environment cli || plain_docker "$1" ;;
  *) python_environment cli ;;
esac
the_verb "$@"
