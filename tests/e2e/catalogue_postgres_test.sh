#!/usr/bin/env bash
# The PostgreSQL scenarios of catalogue/database: on a server with a streaming standby and an
# application that is connected, each kept running by runit. They live in a network namespace of
# their own; the server's data lies on a small filesystem, so that it can be filled.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
programs=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$programs" ] || skip "needs PostgreSQL; install it with ./dev setup"
command -v runsv >/dev/null || skip "needs runit; install it with ./dev setup"

store=$work/postgres-mount
standby=$work/standby
services=$work/services
network=""
supervisors=()
orders=500
secret=correct-horse-$RANDOM$RANDOM  # the password of the user shop

inside() { nsenter --net="$network" "$@"; }
as_postgres() { inside setpriv --reuid=postgres --regid=postgres --clear-groups "$programs/$1" "${@:2}"; }
ask() { as_postgres psql -X -h 127.0.0.1 -p "$1" -U postgres -d shop -qAtc "$2" 2>>"$work/psql.log"; }
give_up() { sed 's/^/# /' "$2" && echo "not ok - $1" && exit 1; }

supervise() {  # supervise NAME PROGRAM [ARGUMENT...]: kept running by runit as the user postgres
  mkdir -p "$services/$1"
  {
    echo '#!/bin/sh'
    echo "exec >>'$work/$1.log' 2>&1"
    printf 'exec nsenter --net=%q setpriv --reuid=postgres --regid=postgres --clear-groups' "$network"
    printf ' %q' "$programs/$2" "${@:3}"
    echo
  } >"$services/$1/run"
  chmod 755 "$services/$1/run"
  runsv "$services/$1" >>"$work/runsv.log" 2>&1 &
  supervisors+=($!)
}

target_up() {
  unshare --net sh -c 'ip link set lo up && exec sleep 1000' &
  network=/proc/$!/ns/net
  disown  # not a job to wait for; it ends with the namespace of this test
  within 5 is_up || give_up "a network namespace can be made" /dev/null
  mkdir "$store" "$standby" "$services"
  mount -t tmpfs -o size=176m,uid=postgres,gid=postgres,mode=755 postgres "$store"
  chown postgres:postgres "$standby"
  start_server
  start_standby
  # After the standby, whose making is a checkpoint: all of this is in the log alone.
  ask 5432 "SET ROLE shop; CREATE TABLE orders AS SELECT i AS id FROM generate_series(1, $orders) i;
    CREATE TABLE customers AS SELECT 1 AS id; CREATE TABLE entries (padding text);
    ALTER TABLE entries ALTER padding SET STORAGE PLAIN"
  supervise application psql -X "host=127.0.0.1 user=app dbname=shop application_name=shop-app" \
    -c "SELECT pg_sleep(600)"
  disown -a
  within 20 is_whole || give_up "all of it comes up" "$work/psql.log"
  write_map
}
is_up() { inside ip -4 addr show lo 2>/dev/null | grep -q 'inet '; }

start_server() {
  as_postgres initdb -D "$store/data" -A trust -U postgres --no-sync --no-instructions -E UTF8 --locale=C \
    >"$work/initdb.log" 2>&1 || give_up "initdb makes a cluster" "$work/initdb.log"
  sed -i "1i host shop shop 127.0.0.1/32 md5" "$store/data/pg_hba.conf"
  supervise server postgres -D "$store/data" -k "$store" -c port=5432 -c listen_addresses=127.0.0.1 \
    -c max_connections=40 -c shared_buffers=16MB -c max_wal_size=64MB -c min_wal_size=32MB
  within 20 quiet as_postgres psql -X -h 127.0.0.1 -U postgres -c "SELECT 1" ||
    give_up "PostgreSQL comes up" "$work/server.log"
  as_postgres psql -X -h 127.0.0.1 -U postgres -q -c "CREATE ROLE app LOGIN" \
    -c "SET password_encryption = md5" -c "CREATE ROLE shop LOGIN PASSWORD '$secret'" \
    -c "GRANT pg_signal_backend, pg_monitor TO shop" -c "CREATE DATABASE shop OWNER shop"
}

start_standby() {
  as_postgres pg_basebackup -h 127.0.0.1 -p 5432 -U postgres -D "$standby/data" -R -c fast --no-sync \
    >"$work/basebackup.log" 2>&1 || give_up "a standby can be made" "$work/basebackup.log"
  supervise follower postgres -D "$standby/data" -k "$standby" -c port=5433 -c listen_addresses=127.0.0.1 \
    -c max_connections=40 -c shared_buffers=16MB -c wal_retrieve_retry_interval=200ms
}

write_map() {
  map=$work/targets.yaml
  echo "$secret" >"$work/secret"
  cat >"$map" <<MAP
targets:
  postgres:
    address: 127.0.0.1
    port: 5432
    namespace: $network
    database: shop
    username: shop
    password: "\${file:$work/secret}"
    orders: $orders
    folder: $store
    data_folder: $store/data
    write: "INSERT INTO entries VALUES (repeat('x', 7000))"
  postgres_standby:
    pid_file: $standby/data/postmaster.pid
  app:
    name: shop-app
    process: "postgres: app shop"
MAP
}

state_of_databases() {  # orders here | orders there | standbys | applications | sessions of squall | locks
  ask 5432 "SELECT (SELECT count(*) FROM orders),
    (SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'),
    (SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shop-app'),
    (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'squall%'),
    (SELECT count(*) FROM pg_locks WHERE relation = 'orders'::regclass AND mode = 'AccessExclusiveLock')" &&
    ask 5433 "SELECT count(*) FROM orders"
}
is_whole() { [ "$(state_of_databases | tr '\n' ' ')" = "$orders|1|1|0|0 $orders " ]; }

fresh_target() { within 10 is_whole; }

host_state() {
  within 10 is_whole || true  # the application may still be about to connect again
  state_of_databases
  mount | grep -vF "$work/" | sort
  [ "$(stat -f -c %a "$store")" -gt 1000 ] && echo "there is room"
  find /proc/[0-9]*/fd -lname "$store/* (deleted)" 2>/dev/null | grep -vE '/(base|pg_wal)/' | sort || true
}

stop_databases() {  # the supervisors first, so that nothing comes back
  local pids pid
  pids=$(cat "$services"/*/supervise/pid 2>/dev/null || true)
  for pid in "${supervisors[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  for pid in $pids; do kill -QUIT "$pid" 2>/dev/null || true; done
  within 10 no_server || echo "not ok - the servers end"
}
no_server() { ! pgrep -x postgres >/dev/null; }
trap 'stop_databases; drill_finish' EXIT

target_up
claims=(
  [postgres-busy]=held
  [postgres-connections]=held
  [postgres-crash]=held
  [postgres-disk-full]=held
  [postgres-drop-connections]=held
  [postgres-kill-backend]=held
  [postgres-lock]=held
  [postgres-standby-loss]=held
)
alone=("${!claims[@]}")  # one server for all: what one probes another would feel
catalogue_folder database 'postgres-*'

check "the server really recovered from its log" grep -q "automatic recovery in progress" "$work/server.log"
check "and it told that its disk was full, and lived" grep -q "No space left on device" "$work/server.log"
check "what was committed is there, on the standby too" is_whole
knows_secret() { grep -rqF -- "$secret" "$SQUALL_STATE" "$work/noop" "$work"/noop-* "$work/said"; }
check "the password stands nowhere in what squall keeps or says" not knows_secret
drill_end
