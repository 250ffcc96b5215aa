#!/usr/bin/env bash
# The faults of packets between two network namespaces, joined by a pair of virtual links: a Redis in
# one, its clients and the witness in the other. What is asked for is held; with injectors that do
# nothing it is INVALID; and no rule is left in either namespace.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/e2e/drill.bash
. "$here/drill.bash"
drill_begin "$@"

unshare --net sleep 600 &
server=$!
unshare --net sleep 600 &
client=$!
has_own_network() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
within 5 has_own_network "$server"
within 5 has_own_network "$client"
in_server() { nsenter --net="/proc/$server/ns/net" "$@"; }
in_client() { nsenter --net="/proc/$client/ns/net" "$@"; }
ip link add squall-a netns "$server" type veth peer name squall-b netns "$client"
in_server ip address add 10.77.0.1/24 dev squall-a
in_client ip address add 10.77.0.2/24 dev squall-b
in_server ip link set squall-a addrgenmode none  # an address that the kernel adds late would look like ours
in_client ip link set squall-b addrgenmode none
in_server ip link set squall-a up
in_server ip link set lo up
in_client ip link set squall-b up
in_server redis-server --port 6379 --bind 10.77.0.1 --protected-mode no --save '' --dir "$work" \
  >"$work/redis.log" 2>&1 &
redis=$!
answers_client() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  timeout 1 nsenter --net="/proc/$client/ns/net" bash -c \
    'exec 3<>/dev/tcp/10.77.0.1/6379 && printf "PING\r\nQUIT\r\n" >&3 && grep -q PONG <&3' 2>/dev/null
}
check "a Redis answers across the link" within 10 answers_client

rules() { in_server nft list ruleset && in_client nft list ruleset; }
no_rule_is_left() { [ -z "$(rules)" ]; }

scenario() {  # scenario NAME FAULT: writes it
  cat >"$work/$1.yaml" <<YAML
scenario: $1
title: $1
baseline: 1 s
steady_state:
  - name: ping
    tcp: {host: 10.77.0.1, port: 6379, namespace: /proc/$client/ns/net, send: "PING\r\n", expect: "+PONG"}
    every: 50 ms
    timeout: 300 ms
faults:
  - $2
    for: 3 s
recover: {within: 5 s}
YAML
}

place="namespace: /proc/$server/ns/net, local_port: 6379, witness: '10.77.0.1:6379', witness_namespace: /proc/$client/ns/net"
scenario latency-in "network.latency: {delay: 100 ms, direction: in, $place}"
scenario latency-out "network.latency: {delay: 100 ms, direction: out, $place, bypass: '10.77.0.1:6380'}"
scenario latency-both "network.latency: {delay: 100 ms, jitter: 10 ms, distribution: normal, direction: both, $place}"
scenario loss "network.loss: {share: 15 %, burst: 2, $place}"
scenario loss-every "network.loss: {every: 7, direction: out, $place}"
scenario corrupt "network.corrupt: {share: 20 %, $place}"
scenario partition "network.partition: {peers: [10.77.0.1], direction: out, namespace: /proc/$client/ns/net, witness: ['10.77.0.1:6379']}"
scenario half-partition "network.partition: {peers: [10.77.0.1], direction: in, namespace: /proc/$client/ns/net, witness: ['10.77.0.1:6379']}"

for name in latency-in latency-out latency-both loss loss-every corrupt partition half-partition; do
  check "$name: is held" ends 0 drill run "$work/$name.yaml" --seed 42 --plain
  check "$name: leaves no rule" no_rule_is_left
  check "$name: Redis answers" within 5 answers_client
done
for name in latency-in latency-out loss corrupt partition; do
  check "$name: is INVALID without a real injector" \
    ends 4 env SQUALL_GUARDIAN="$binaries/squall-guardian-noop" timeout --kill-after=5 60 "$squall" \
    run "$work/$name.yaml" --seed 42 --plain --state "$work/noop"
done

# A client in the middle of its work: it waits for a message, and its connection is torn.
cat >"$work/reset.yaml" <<YAML
scenario: reset
title: reset
accept_irreversible: clients must connect anew
baseline: 1 s
steady_state:
  - name: ping
    tcp: {host: 10.77.0.1, port: 6379, namespace: /proc/$client/ns/net, send: "PING\r\n", expect: "+PONG"}
    every: 50 ms
    timeout: 300 ms
faults:
  - network.reset: {$place}
recover: {within: 5 s}
YAML
subscribe() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  nsenter --net="/proc/$client/ns/net" bash -c \
    'exec 3<>/dev/tcp/10.77.0.1/6379 && printf "SUBSCRIBE news\r\n" >&3 && cat <&3' >"$work/heard" 2>"$work/torn" &
  subscriber=$!
}
subscribe
check "a client subscribes" within 5 grep -q subscribe "$work/heard"
check "reset: is INVALID without a real injector" \
  ends 4 env SQUALL_GUARDIAN="$binaries/squall-guardian-noop" timeout --kill-after=5 60 "$squall" \
  run "$work/reset.yaml" --seed 42 --plain --state "$work/noop"
check "reset: the client still listens" kill -0 "$subscriber"
check "reset: is held" ends 0 drill run "$work/reset.yaml" --seed 42 --plain
is_torn() { grep -q "Connection reset by peer" "$work/torn"; }
check "reset: the client's connection is torn" within 5 is_torn
check "reset: Redis answers" within 5 answers_client

kill -KILL "$redis" "$server" "$client"
wait "$redis" 2>/dev/null || true
drill_end
