#!/usr/bin/env bash
# The scenarios of catalogue/disk on a Redis of our own, whose folder is a small ext4 in a file. The
# mount is in the mount namespace of this test: when it ends, however, the kernel takes both away.
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
  rm "$work/store.image"  # the loop device keeps it until it is unmounted
  # shellcheck disable=SC2016  # expanded by the inner shell
  unshare --net bash -c 'ip link set lo up && exec redis-server --bind 127.0.0.1 --port 6379 \
    --dir "$0" --appendonly yes --save "" --auto-aof-rewrite-percentage 0 --daemonize no' "$store" \
    >"$work/redis.log" 2>&1 &
  redis=$!
  disown  # not a job to wait for; it ends with the namespace of this test
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
    folder: $store
    stamp: $work/journal.stamp
    pid_file: $work/journal.pid
MAP
  echo "$journal" >"$work/journal.pid"
  within 10 answers || { sed 's/^/# /' "$work/redis.log" && echo "not ok - Redis comes up" && exit 1; }
}

write_journal() {  # an entry that must reach the disk, again and again, and a stamp after each
  while true; do
    dd if=/dev/zero of="$store/journal" bs=64k count=1 oflag=direct conv=notrunc status=none || true
    touch "$work/journal.stamp"
    read -r -t 0.02 <>"$never" || true
  done
}

answers() {
  timeout 1 nsenter --net="/proc/$redis/ns/net" bash -c \
    'exec 3<>/dev/tcp/127.0.0.1/6379 && printf "SET drill up\r\nQUIT\r\n" >&3 && grep -q OK <&3' 2>/dev/null
}

fresh_target() { within 5 answers; }

host_state() {  # whether there is room, and what is open there without a name
  mount | grep -vF "$work/" | sort
  [ "$(stat -f -c %f "$store")" -gt 20000 ] && echo "there is room"
  [ "$(stat -f -c %d "$store")" -gt 1900 ] && echo "there are inodes"
  find /proc/[0-9]*/fd -lname "$store/* (deleted)" 2>/dev/null | sort || true
  cat "/proc/$redis/cgroup" "/proc/$journal/cgroup"
}

target_up
claims=(
  [redis-busy-disk]=held
  [redis-disk-full]=held
  [redis-no-inodes]=held
  [slow-journal]=held
)
alone=(redis-busy-disk)  # its witness wants a quiet disk
catalogue_folder disk
drill_end
