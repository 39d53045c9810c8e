#!/usr/bin/env bash
# Tests docker-compose.yml and the image with a real Docker engine. Builds the image, starts Kafka, the feed and simulated
# venues in a separate project, checks them, stops and removes them. Exit code 0: everything works.
# Without an image registry, it builds the base images too.
# The variables of docker-compose.yml choose images and ports.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if docker compose version >/dev/null 2>&1; then compose=(docker compose); else compose=(docker-compose); fi
files=(-f docker-compose.yml -f deploy/compose.demo.yml)
export COMPOSE_PROJECT_NAME=market-feed-try
export KAFKA_PORT=${KAFKA_PORT:-39092} FEED_PORT=${FEED_PORT:-38080} SIMULATOR_PORT=${SIMULATOR_PORT:-39100}
feed=http://127.0.0.1:$FEED_PORT

has() { docker image inspect "$1" >/dev/null 2>&1 || docker pull -q "$1" >/dev/null 2>&1; }
fail() { echo "not as it should be: $*" >&2; exit 1; }
within() { # SECONDS COMMAND…
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $end ] || fail "$* (in time)"; sleep 1; done
}
container() { "${compose[@]}" "${files[@]}" ps -q "$1"; }

for set in '' '--profile whole' '--env-file deploy/whole.env'; do
  # shellcheck disable=SC2086
  "${compose[@]}" $set config -q && "${compose[@]}" "${files[@]}" $set config -q
done
echo 'ok  valid, for every set'

NODE_IMAGE=${NODE_IMAGE:-$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile)}
has "$NODE_IMAGE" || NODE_IMAGE=$(deploy/node-base-image/build.sh 2>/dev/null | tail -1)
KAFKA_IMAGE=${KAFKA_IMAGE:-$(sed -nE 's/.*KAFKA_IMAGE:-(.*)\}.*/\1/p' docker-compose.yml)}
has "$KAFKA_IMAGE" || KAFKA_IMAGE=$(deploy/kafka-test-image/build.sh 2>/dev/null | tail -1)
export NODE_IMAGE KAFKA_IMAGE MARKET_FEED_IMAGE=market-feed:try
docker build -q -t "$MARKET_FEED_IMAGE" --build-arg "NODE_IMAGE=$NODE_IMAGE" . >/dev/null
echo "ok  built on $NODE_IMAGE: $(($(docker image inspect -f '{{.Size}}' "$MARKET_FEED_IMAGE") / 1000000)) MB"

trap '"${compose[@]}" "${files[@]}" down -v --remove-orphans >/dev/null 2>&1' EXIT
"${compose[@]}" "${files[@]}" up -d >/dev/null 2>&1
within 180 curl -sf "$feed/readyz"
echo 'ok  ready'
for service in kafka simulator feed; do
  id=$(container "$service")
  within 180 sh -c "docker inspect -f '{{.State.Health.Status}}' $id | grep -qx healthy"
done
echo 'ok  healthy'
id=$(container feed)
[ "$(docker inspect -f '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}' "$id")" = \
  '1000:1000 true [ALL] [no-new-privileges:true]' ] || fail 'rights of the feed'
[ "$(docker inspect -f '{{range .NetworkSettings.Ports}}{{range .}}{{.HostIp}}{{end}}{{end}}' "$id")" = 127.0.0.1 ] || fail 'published elsewhere'
echo 'ok  not root, read-only, on 127.0.0.1'
curl -sf "$feed/" | grep -q '<title>market-feed' || fail 'the dashboard'
prices=$(curl -sf "$feed/api/prices")
[[ $prices == *'"environment":"simulated"'* && $prices != *'"environment":"production"'* ]] || fail 'prices not marked as simulated'
docker exec "$id" node bin/market-feed.js tail trades --config /app/demo/demo.yaml --from beginning --limit 3 --json | grep -c '"trade_id"' | grep -qx 3 ||
  fail 'trades in Kafka'
echo 'ok  dashboard, prices, trades in Kafka'
"${compose[@]}" "${files[@]}" stop feed simulator >/dev/null 2>&1
for service in feed simulator; do
  code=$(docker inspect -f '{{.State.ExitCode}}' "$(docker ps -aqf "name=^${COMPOSE_PROJECT_NAME}[_-]$service[_-]1$")")
  [ "$code" = 0 ] || fail "$service ended with $code at SIGTERM"
done
echo 'ok  SIGTERM ends in 0'
