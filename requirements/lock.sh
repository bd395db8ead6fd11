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

# What has an environment of its own, because its pins would drag down what the services use.
lock_alone() { # lock_alone FILE INPUT ARGUMENT...
  out="requirements/$1.txt" in=$2
  shift 2
  uv pip compile "$in" --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate --no-header "$@" --output-file "$out"
}

# The SyftBox server and client, for the demo network and tests; PySyft v2, for tests.
lock_alone syftbox services/syftbox/requirements.in "$@"
lock_alone pysyft tests/e2e/pysyft.in "$@"

# First what the tests run with; an image gets the same versions.
lock dev --all-extras --group dev "$@"
versions=$(mktemp)
trap 'rm -f "$versions"' EXIT
sed -n 's/^\([a-z0-9._-]*==.*[^ ]\) \\$/\1/p' requirements/dev.txt >"$versions"
for service in cli scraper import processor publisher aggregator dashboard demo; do
  lock "$service" --extra "$service" --constraints "$versions" "$@"
done
# An aggregator in a cluster: docker-compose.scale.yml.
lock scale --extra aggregator --extra scale --constraints "$versions" "$@"
