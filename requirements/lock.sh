#!/bin/sh
# Writes the hash-pinned locks, one per image plus dev. Needs `uv` on PATH; run it after changing pyproject.toml:
#   sh requirements/lock.sh [--upgrade]
# The locks hold names, versions and hashes only: no host name, no path.
set -eu
cd "$(dirname "$0")/.."

lock() { # lock FILE ARGUMENT...
  out="requirements/$1.txt"
  shift
  uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate --no-header "$@" --output-file "$out"
}

for service in scraper processor publisher aggregator demo; do
  lock "$service" --extra "$service" "$@"
done
lock dev --all-extras --group dev "$@"
