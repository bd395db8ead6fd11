#!/bin/sh
# Runs once before the other services, as root with three capabilities and no network, because Docker creates volumes
# and missing folders as root and the services are not root. It
#   - makes a random Redis password for each service, in a volume that only this service mounts,
#   - gives volumes, and folders that belong to root, to the services' user. A folder of anybody else stays as it is.
# With the argument `datasite` it only looks whether SyftBox has set up the own datasite.
set -eu
uid=${SERVICE_UID:?} gid=${SERVICE_GID:?} redis_uid=${REDIS_UID:?}

own() { # own FOLDER: make it usable by the services
  mkdir -p "$1"
  owner=$(stat -c %u "$1")
  if [ "$owner" = 0 ]; then
    chown "$uid:$gid" "$1"
  elif [ "$owner" != "$uid" ]; then
    echo "prepare: $1 belongs to user $owner, the services run as $uid. Put PARTICIPANT_UID=$owner into .env" >&2
    exit 1
  fi
}

own_path() { # own_path ROOT RELATIVE: every folder from ROOT down to RELATIVE
  folder=$1
  own "$folder"
  old_ifs=$IFS
  IFS=/
  for part in $2; do
    folder=$folder/$part
    own "$folder"
  done
  IFS=$old_ifs
}

# SyftBox takes a datasite that exists for one that is complete, and would never make its own files: nothing is made in
# one that it has not set up.
# PySyft v2 puts no permission file there.
is_pysyft() { [ -f /host/datasites/SYFT_version.json ] || [ -d /host/datasites/.cache ]; }
is_set_up() {
  [ -f "/host/datasites/$1/syftperm.yaml" ] || [ -f "/host/datasites/$1/syft.pub.yaml" ] ||
    { is_pysyft && [ -d "/host/datasites/$1" ]; }
}

set_up() { # set_up EMAIL: what a SyftBox client does at its first start
  own_path /host/datasites "$1/app_data/netflix_trend"
  rules=/host/datasites/$1/syftperm.yaml
  printf -- '- permissions: [admin, create, write, read]\n  path: "**"\n  user: %s\n' "$1" >"$rules"
  chown "$uid:$gid" "$rules"
}

# Whose machine this is.
if [ -n "${SYFTBOX_EMAIL:-}" ]; then
  name=SYFTBOX_EMAIL me=$SYFTBOX_EMAIL
  next='Start SyftBox first, or let it run in a container: SYFTBOX_SERVER_URL and COMPOSE_PROFILES=syftbox in .env. If it runs: ./run.sh setup'
elif [ -n "${HELPER_DATASITE:-}" ]; then
  name=HELPER_DATASITE me=$HELPER_DATASITE next='Start SyftBox first'
else
  name=AGGREGATOR_DATASITE me=$AGGREGATOR_DATASITE next='Start SyftBox first'
fi

need_set_up() {
  ! is_set_up "$me" || return 0
  echo "prepare: SyftBox has not set up the datasite of $name in DATASITES_DIR yet. $next" >&2
  exit 1
}

[ "${1:-}" != datasite ] || { need_set_up; exit 0; }

# Folders on the participant's own disk.
for folder in /host/drop /host/secrets; do
  # The same folder, by whatever path it was named.
  if [ -d "$folder" ] && [ -n "$(find /host/datasites -type d -samefile "$folder")" ]; then
    echo "prepare: OUTPUT_DIR or SECRETS_DIR lies in DATASITES_DIR and would be uploaded. Name another in .env" >&2
    exit 1
  fi
done
[ ! -d /host/drop ] || { own /host/drop; own /host/drop/done; own /host/drop/refused; }
[ ! -d /host/secrets ] || own /host/secrets
# Read only: a folder of anybody else is left as it is.
[ ! -d /host/charts ] || [ "$(stat -c %u /host/charts)" != 0 ] || own /host/charts
own /host/datasites
[ "$name" != SYFTBOX_EMAIL ] || own_path /host/datasites "$AGGREGATOR_DATASITE/app_data/netflix_trend/shared"
[ -z "${HELPER_DATASITE:-}" ] || [ "$name" != SYFTBOX_EMAIL ] || own_path /host/datasites "$HELPER_DATASITE/app_data/netflix_trend"
if [ -z "${SYFTBOX_SERVER_URL:-}" ]; then
  # A trial on one machine, as netflix_trend/names.py: nobody runs the example aggregator, and no SyftBox will set it up.
  case $AGGREGATOR_DATASITE/$me in
    aggregator@example.org/*@example.org) is_set_up "$me" || set_up "$me" ;;
  esac
  need_set_up
fi
if is_set_up "$me"; then
  own_path /host/datasites "$me/app_data/netflix_trend"
  [ "$name" != AGGREGATOR_DATASITE ] || own_path /host/datasites "$me/app_data/netflix_trend/shared"
  [ "$name" != AGGREGATOR_DATASITE ] || own_path /host/datasites "$me/public"
fi
# Mounted over a folder of the aggregator's volume, which Docker would make as root.
[ ! -d /volumes/shards ] || own /volumes/aggregator/shards
for volume in /volumes/shards /volumes/tls-* /volumes/scraper /volumes/private /volumes/publisher /volumes/aggregator /volumes/helper /volumes/syftbox; do
  [ ! -d "$volume" ] || own "$volume"
done

[ -d /volumes/redis-acl ] || exit 0

password() { # password SERVICE: its SHA-256; the password itself goes to the service's own volume
  file=/volumes/secret-$1/redis_password
  if [ ! -s "$file" ]; then
    head -c 32 /dev/urandom | sha256sum | cut -c1-64 >"$file.new"
    mv "$file.new" "$file"
  fi
  chown "$uid:$gid" "$file"
  chmod 0400 "$file"
  printf %s "$(cat "$file")" | sha256sum | cut -c1-64
}

rq='~rq:* &rq:* +@all -@admin -@dangerous +info'
{
  # Off: nobody logs in as it. Redis replays the append-only file as this user, and without these rights it would drop
  # every transaction, and so every queued job (https://github.com/redis/redis/issues/14541).
  echo 'user default off ~* &* +@all'
  echo 'user health on nopass resetkeys resetchannels -@all +ping'
  echo "user scraper on #$(password scraper) resetkeys resetchannels ~inbox -@all +rpush +waitaof" \
    "(%R~health -@all +get)"
  # It has the log rewritten once an export is taken, so that no copy stays in it.
  echo "user processor on #$(password processor) resetkeys resetchannels ~inbox ~inbox:receiving $rq +bgrewriteaof"
  echo "user publisher on #$(password publisher) resetkeys resetchannels ~health $rq"
  # Sees how long queues are and whether workers run; can ask the publisher to look, and nothing else.
  # A stack without a dashboard has no volume for its password.
  [ ! -d /volumes/secret-dashboard ] ||
    echo "user dashboard on #$(password dashboard) resetkeys resetchannels %R~inbox %R~inbox:receiving %R~rq:*" \
      "~rq:queue:publish ~rq:queues ~rq:job:* -@all +@connection +llen +zcard +smembers +exists" \
      "+hset +sadd +rpush +multi +exec +info"
} >/volumes/redis-acl/users.acl
chown -R "$redis_uid:$redis_uid" /volumes/redis-acl /volumes/redis-data
chmod 0400 /volumes/redis-acl/users.acl
