#!/bin/sh
# Renews the digests of base images in requirements/images.lock: asks the registry, through Docker's buildx, which
# image each name means today. A release is built from these; docker compose up --build takes the names.
#   sh requirements/images.sh            writes the lock
#   sh requirements/images.sh --check    writes nothing; fails if a name means another image by now
set -eu
cd "$(dirname "$0")/.."
lock=requirements/images.lock

say() { printf '%s\n' "$*"; }
fail() { printf 'images.sh: %s\n' "$*" >&2; exit 1; }

case ${1:-} in '' | --check) ;; *) fail "there is no option $1; see the head of this file" ;; esac
docker buildx version >/dev/null 2>&1 || fail 'Docker or its buildx plugin is missing: see https://docs.docker.com/engine/install'

new=$(mktemp "$lock.XXXXXX")
trap 'rm -f "$new"' EXIT
grep '^#' "$lock" >"$new"
changed=
# From a file of its own: what docker reads from its input would be missing here.
while read -r name before <&3; do
  case $name in '' | '#'*) continue ;; esac
  digest=$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$name" </dev/null) ||
    fail "the registry said nothing about $name, see above. Nothing was changed"
  printf '%s\n' "$digest" | grep -Eqx 'sha256:[0-9a-f]{64}' || fail "$name: $digest is no digest. Nothing was changed"
  say "$name $digest" >>"$new"
  [ "$digest" = "$before" ] || { changed=yes; say "$name: $before -> $digest"; }
done 3<"$lock"
[ -n "$changed" ] || { say 'All digests are those of today.'; exit 0; }
[ "${1:-}" != --check ] || fail 'run sh requirements/images.sh, build, and test'
chmod 644 "$new"
mv "$new" "$lock"
