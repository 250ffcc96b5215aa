#!/usr/bin/env bash
# The scenarios of catalogue/disk on a Redis and a journal writer of our own, whose folder is a small
# ext4 in a file. It is mounted in the mount namespace of this test: when that ends, however it comes
# about, the kernel takes both away.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
command -v mkfs.ext4 >/dev/null || skip "needs e2fsprogs"

store=$work/store-mount
redis=""
journal=""

target_up() {
  mkdir -p "$store"
  truncate -s 64M "$work/store.image"
  mkfs.ext4 -q -F -N 2000 "$work/store.image"
  mount -o loop "$work/store.image" "$store" || skip "needs loop devices"
  mkdir "$store/redis" "$store/journal"  # squall keeps out of where a live Redis has its data
  rm "$work/store.image"  # the loop device keeps it until it is unmounted
  # shellcheck disable=SC2016  # expanded by the inner shell
  unshare --net bash -c 'ip link set lo up && exec redis-server --bind 127.0.0.1 --port 6379 \
    --dir "$0" --appendonly yes --save "" --auto-aof-rewrite-percentage 0 --daemonize no' "$store/redis" \
    >"$work/redis.log" 2>&1 &
  redis=$!
  disown  # not a job to wait for; it ends with the namespace of this test
  head -c 65536 /dev/urandom >"$work/entry"
  write_journal &
  journal=$!
  disown
  trap 'kill -KILL "$journal"; drill_finish' EXIT
  map=$work/targets.yaml
  cat >"$map" <<MAP
targets:
  store:
    address: 127.0.0.1
    port: 6379
    namespace: /proc/$redis/ns/net
    folder: $store
    padding: $(printf 'x%.0s' {1..5000})
  journal:
    folder: $store/journal
    draft: $store/journal/draft
    entry: $store/journal/entry
    entry_sha256: $(sha256sum "$work/entry" | cut -d ' ' -f 1)
    stamp: $work/journal.stamp
    pid_file: $work/journal.pid
MAP
  echo "$journal" >"$work/journal.pid"
  within 10 answers || { sed 's/^/# /' "$work/redis.log" && echo "not ok - Redis comes up" && exit 1; }
}

# An entry that must reach the disk, and takes the place of the last one when it says that it has; a
# stamp after each; and a line with the next number to a draft, which is never synced.
write_journal() {
  local folder=$store/journal number=0
  while true; do
    ! { echo "$((number + 1))" >>"$folder/draft"; } 2>/dev/null || ((number += 1))
    if dd if="$work/entry" of="$folder/new" bs=64k oflag=direct conv=fsync status=none &&
      mv -f "$folder/new" "$folder/entry"; then
      touch "$work/journal.stamp"
    fi 2>/dev/null
    read -r -t 0.02 <>"$never" || true
  done
}

answers() {
  timeout 1 nsenter --net="/proc/$redis/ns/net" bash -c \
    'exec 3<>/dev/tcp/127.0.0.1/6379 && printf "SET drill up\r\nQUIT\r\n" >&3 && grep -q OK <&3' 2>/dev/null
}

fresh_target() { within 5 answers; }

host_state() {  # whether there is room, and what is open there without a name
  mount | grep -v "on $work/store-mount type ext4" | sort
  find "$store" -name '.squall*'
  [ "$(stat -f -c %f "$store")" -gt 20000 ] && echo "there is room"
  [ "$(stat -f -c %d "$store")" -gt 1900 ] && echo "there are inodes"
  find /proc/[0-9]*/fd -lname "$store/* (deleted)" 2>/dev/null | sort || true
  cat "/proc/$redis/cgroup" "/proc/$journal/cgroup"
}

target_up
claims=(
  [journal-lost-writes]=held
  [journal-power-cut]=held
  [journal-read-only]=held
  [journal-torn-writes]=held
  [journal-write-errors]=held
  [redis-busy-disk]=held
  [redis-disk-full]=held
  [redis-no-inodes]=held
  [slow-journal]=held
)
alone=(redis-busy-disk)  # its witness wants a quiet disk
catalogue_folder disk
drill_end
