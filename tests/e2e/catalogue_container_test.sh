#!/usr/bin/env bash
# The scenarios of catalogue/container, on a web server in a container of a Docker daemon of its own.
# Daemon and squall share their namespaces, as on a host: so squall sees bridges, links and mounts
# come and go with the container, and must still find the host as it was.
set -euo pipefail
if [ "$(id -u)" = 0 ] && [ "${1:-}" != inside ] && [ -z "${own_network:-}" ]; then
  own_network=yes exec unshare --net "$0" "$@"
fi
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
# shellcheck source=tests/e2e/catalogue.bash
. "$here/catalogue.bash"
drill_begin "$@"
for command in dockerd docker busybox; do
  command -v "$command" >/dev/null || skip "needs $command; install it with ./dev setup"
done

# --- a daemon in namespaces and control groups of its own, and one image with nothing but busybox -----

group=/test-of-squall-$(basename "$work")
export DOCKER_HOST=unix://$work/docker.sock DOCKER_CONFIG=$work/client

dockerd_down() {
  local folder freezer mount
  for freezer in /sys/fs/cgroup/freezer"$group"/*/freezer.state; do
    [ ! -e "$freezer" ] || echo THAWED >"$freezer"
  done
  for folder in /sys/fs/cgroup /sys/fs/cgroup/unified; do
    [ ! -e "$folder$group/cgroup.kill" ] || echo 1 >"$folder$group/cgroup.kill"
  done
  # It shares the mounts of this test, in which it keeps the namespaces of containers.
  while read -r _ mount _; do
    [[ $mount != "$work"/* ]] || umount -l "$mount" || true
  done </proc/self/mounts
  for folder in /sys/fs/cgroup"$group" /sys/fs/cgroup/*"$group"; do
    [ ! -d "$folder" ] || within 2 quiet find "$folder" -depth -type d -exec rmdir {} + || true
  done
}
trap 'dockerd_down; drill_finish' EXIT

dockerd_up() {
  local folder
  for folder in /sys/fs/cgroup/unified /sys/fs/cgroup; do
    [ -e "$folder/cgroup.controllers" ] || continue
    mkdir -p "$folder$group/daemon"
    break
  done
  # Where containerd and plugins of the host could be found; mounts of this test are its own.
  mount -t tmpfs none /run
  ip link set lo up
  # No job of this shell, which waits for its jobs.
  (
    echo "$BASHPID" >"$folder$group/daemon/cgroup.procs"
    exec dockerd --host "$DOCKER_HOST" --data-root "$work/data" --exec-root "$work/exec" \
      --pidfile "$work/pid" --cgroup-parent "$group" --exec-opt native.cgroupdriver=cgroupfs \
      --storage-driver vfs --bridge none --iptables=false --ip6tables=false >"$work/dockerd.log" 2>&1 &
  )
  within 30 quiet docker version || { tail "$work/dockerd.log" && echo "not ok - dockerd comes up" && exit 1; }
  mkdir -p "$work/image/bin" "$work/image/www"
  cp "$(readlink -f "$(command -v busybox)")" "$work/image/bin/busybox"
  for folder in sh sleep httpd; do ln -s busybox "$work/image/bin/$folder"; done
  echo well >"$work/image/www/health"
  tar -C "$work/image" -c . | quiet docker import - box
  quiet docker network create --subnet 10.77.0.0/24 front
}

fresh_target() {
  quiet docker rm -f web || true
  docker run -d --name web --network front --ip 10.77.0.9 --network-alias shop --restart always \
    box /bin/sh -c 'trap "exit 0" TERM; httpd -f -p 80 -h /www & wait' >/dev/null
  map=$work/targets.yaml
  cat >"$map" <<MAP
targets:
  web:
    container: web
    socket: $work/docker.sock
    network: front
    url: http://10.77.0.9
    namespace: /proc/self/ns/net
MAP
  within 10 answers_well
}
answers_well() {
  timeout 1 bash -c \
    'exec 3<>/dev/tcp/10.77.0.9/80 && printf "GET /health HTTP/1.0\r\n\r\n" >&3 && grep -q well <&3' 2>/dev/null
}

host_state() {  # what its daemon and the kernel tell of the container, but for what is new in each life
  local group_of_web
  docker inspect web --format '{{json .State.Status}} {{json .HostConfig}}'
  docker inspect web --format '{{range $name, $one := .NetworkSettings.Networks}}{{$name}} {{$one.IPAddress}} {{$one.MacAddress}} {{$one.Aliases}}{{end}}'
  docker network ls --format '{{.Name}}' | sort
  for group_of_web in /sys/fs/cgroup/*"$group/$(docker inspect web --format '{{.Id}}')"; do
    find "$group_of_web" \( -name 'cpu.max' -o -name 'cpu.cfs_quota_us' -o -name 'memory.max' -o \
      -name 'memory.limit_in_bytes' -o -name pids.max -o -name freezer.state \) -exec grep -H . {} + | sort
  done
  mount | grep -vF "$work/" | sort
} 2>/dev/null

dockerd_up
fresh_target
claims=(
  [web-container-disconnect]=held
  [web-container-kill]=held
  [web-container-limit]=held
  [web-container-pause]=held
  [web-container-restart]=held
  [web-container-stop]=held
)
catalogue_folder container

# --- what cannot be done is said before anything is touched ------------------------------------------

cat >"$work/ghost.yaml" <<'YAML'
scenario: ghost
steady_state: [{name: up, command: {argv: ["true"]}}]
faults: [{container.stop: {container: "${name}", socket: "${socket}"}, for: 1 s}]
YAML
stop_container() {  # stop_container CODE WORDS NAME SOCKET
  refuses "$1" "$2" drill run "$work/ghost.yaml" --plain --set "name=$3" --set "socket=$4"
}
docker run -d --rm --name passing box /bin/sleep 1000 >/dev/null
remember_host
check "a container that is not there is named" stop_container 6 "No such container: ghost" ghost "$work/docker.sock"
check "a host without a daemon is unsupported" stop_container 3 "no container daemon answers" web /nowhere/docker.sock
check "a container that would be removed is not stopped" stop_container 6 "would be removed when it stops" passing "$work/docker.sock"
check "nothing was touched by what was refused" host_as_before
drill_end
