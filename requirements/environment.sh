#!/bin/sh
# A virtual environment with locked packages: sh requirements/environment.sh LOCK [FOLDER]; tests/run.sh sources it.
set -eu

say() { printf '%s\n' "$*"; }
fail() { printf 'run.sh: %s\n' "$*" >&2; exit 1; }

# find_python: the first Python that is new enough; $oldest_python goes before others
find_python() {
  for candidate in ${oldest_python:-} python3 python3.13 python3.12 python3.11 python; do
    if command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  fail 'needs Python 3.11 or newer. On Debian or Ubuntu: apt install python3 python3-venv'
}

as_root_on_debian() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

# apt_update: waits up to ten minutes for another apt; the option that the others have for that does not cover updates
apt_update() {
  tries=120
  until said=$(LC_ALL=C apt-get update -qq 2>&1); do
    case $said in *'Could not get lock'*) tries=$((tries - 1)) ;; *) tries=0 ;; esac
    [ "$tries" -gt 0 ] || { say "$said" >&2; return 1; }
    sleep 5
  done
}

apt_install() {
  say "Installing $* ..."
  apt_update && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq -o DPkg::Lock::Timeout=600 \
    -o Dpkg::Use-Pty=0 --no-install-recommends "$@" >/dev/null
}

# locks_with LOCK: locks that hold everything of this one
locks_with() {
  case $1 in
    cli) say cli demo dev ;;
    demo) say demo dev ;;
    aggregator | scraper) say "$1" dev ;;
    *) say "$1" ;;
  esac
}

# python_of FOLDER: the interpreter of a virtual environment; that of Windows is elsewhere
python_of() { if [ -x "$1/Scripts/python.exe" ]; then say "$1/Scripts/python.exe"; else say "$1/bin/python"; fi; }

# why_no_venv PYTHON FOLDER SAID: fails with the cause, where that is not a missing package of Debian's
why_no_venv() {
  folder=$(dirname "$2")
  case $3 in
    *'No space left'* | *'Errno 28'* | *'quota exceeded'*)
      fail "the disk with $folder is full. Make room (about 300 MB), then try again" ;;
    *'Read-only file system'* | *'Errno 30'*)
      fail "$folder can only be read. Copy this clone to a folder that can be written, and start it there" ;;
    *'Permission denied'* | *'Errno 13'*)
      fail "this user may not write in $folder. Copy this clone to a folder of your own, or change the owner: chown" ;;
  esac
  # Some say nothing of use: then what was tried tells.
  if ! (: >"$folder/.writable-$$") 2>/dev/null; then
    fail "nothing can be written in $folder. Copy this clone to a folder that can be written, and start it there"
  fi
  rm -f "$folder/.writable-$$"
  # Without ensurepip there is no venv: that is what the package brings.
  if "$1" -c 'import ensurepip, venv' 2>/dev/null; then
    say "$3" >&2
    fail "the virtual environment in $2 could not be made, see above"
  fi
}

install_python_environment() {
  lock=requirements/$1.txt venv=$2
  stamp=$venv/.installed-$1
  wanted=$(cksum <"$lock")
  for installed in $(locks_with "$1"); do
    found=$(cat "$venv/.installed-$installed" 2>/dev/null || true)
    [ ! -x "$(python_of "$venv")" ] || [ "$found" != "$(cksum <"requirements/$installed.txt")" ] || return 0
  done
  if ! [ -x "$(python_of "$venv")" ] || ! "$(python_of "$venv")" -m pip --version >/dev/null 2>&1; then
    python=$(find_python) || exit 1
    say "Making a virtual environment in $venv with $("$python" --version) ..."
    if ! said=$("$python" -m venv --clear "$venv" 2>&1); then
      why_no_venv "$python" "$venv" "$said"
      as_root_on_debian || fail "this Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv"
      apt_install python3-venv
      "$python" -m venv --clear "$venv"
    fi
  fi
  say "Installing $(grep -c '^[a-z].*==' "$lock") locked packages (once) ..."
  # The lock is complete: resolving it again would only let an older pip trip over it.
  "$(python_of "$venv")" -m pip install --disable-pip-version-check --quiet --require-hashes --no-deps -r "$lock" ||
    fail 'installing packages failed; is a package index reachable?'
  printf %s "$wanted" >"$stamp"
}

case $0 in
  *environment.sh)
    cd "$(dirname "$0")/.."
    install_python_environment "$1" "${2:-.venv}"
    ;;
esac
