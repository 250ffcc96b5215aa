#!/usr/bin/env bash
# squall proxy as a program: its flags, its verbs, its signals, and a real Redis behind it.
set -euo pipefail
# shellcheck source=tests/e2e/drill.bash
. "$(dirname "$(readlink -f "$0")")/drill.bash"
drill_begin "$@"

ask() { timeout 10 redis-cli -h 127.0.0.1 -p "$1" ping; }
verb() { ends 0 drill proxy "$@"; }
port_said() { sed -nE 's/.*127\.0\.0\.1:([0-9]+).*/\1/p' "$work/said"; }

# The interface chooses its own port, and says which.
"$squall" proxy -host 127.0.0.1 -port 0 -seed 5 -proxy-metrics -decisions "$work/decisions" >"$work/log" 2>&1 &
proxy=$!
check "the proxy says where it listens" within 20 grep -qs 'HTTP server on endpoint 127.0.0.1:' "$work/log"
TOXIPROXY_URL=http://$(sed -nE 's/.*endpoint ([0-9.:]+).*/\1/p' "$work/log")
export TOXIPROXY_URL

# The port of a proxy that is deleted is free for a Redis of our own.
check "a proxy gets a port" verb create -l 127.0.0.1:0 -u 127.0.0.1:1 first
port=$(port_said)
check "and gives it back" verb delete first
redis-server --bind 127.0.0.1 --port "$port" --save '' --dir "$work" >/dev/null 2>&1 &
check "a Redis runs there" within 20 quiet ask "$port"

check "a proxy is created" verb create -l 127.0.0.1:0 -u "127.0.0.1:$port" redis
listen=$(port_said)
check "it carries what Redis says" ends 0 ask "$listen"
check "which is PONG" says PONG
check "it is listed" verb ls
check "with its server" says "127.0.0.1:$port"
check "a second of its name is refused" refuses 1 "proxy already exists" \
  drill proxy create -l 127.0.0.1:0 -u "127.0.0.1:$port" redis

check "latency is added" verb toxic add -n slow -t latency -a latency=300 redis
before=${EPOCHREALTIME/./}
check "Redis still answers" ends 0 ask "$listen"
check "later" test "$((${EPOCHREALTIME/./} - before))" -ge 300000
check "the toxic is shown" verb inspect redis
check "with its attributes" says '"latency":300'
check "it is changed" verb toxic update -n slow -a latency=1 --toxicity 0.5 redis
check "and removed" verb toxic remove -n slow redis
check "an attribute may be a word" verb toxic add -n varied -t jitter -a model=pareto -a jitter=1 redis
check "which the proxy understood" verb inspect redis
check "and shows" says '"model":"pareto"'
check "it goes as well" verb toxic remove -n varied redis
check "nonsense is refused and named" refuses 1 "bad request body" \
  drill proxy toxic add -t slicer -a average_size=0 redis

gone() { not grep -q leased <<<"$(drill proxy inspect redis)"; }
check "a toxic with a lease is added" verb toxic add -n leased -t noop --ttl '300 ms' redis
check "and ends by itself" within 10 gone
check "the proxy is disabled" verb toggle redis
check "and refuses Redis's clients" not quiet ask "$listen"
check "it is enabled" verb toggle redis
check "and carries again" ends 0 ask "$listen"
check "it is deleted" verb delete redis
check "and gone" refuses 1 "proxy not found" drill proxy inspect redis

kill -TERM "$proxy"
code=0
wait "$proxy" || code=$?
check "SIGTERM ends the proxy with 0" test "$code" = 0
check "its decisions are on file" grep -q '"toxic":"slow","stream":"downstream","revision":0,"acts":true' "$work/decisions"
check "behind the seed that repeats them" grep -q '"event":"begin","seed":5' "$work/decisions"
redis-cli -p "$port" shutdown nosave
check "an interface that cannot be had is told with 1" ends 1 drill proxy -host 192.0.2.1 -port 1
drill_end
