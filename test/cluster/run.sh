#!/bin/bash
# run.sh [FILTER...]: sets the machine up, starts a cluster, runs the tests whose file name contains a FILTER (all without one), stops it.
# FAIRWAY_CLUSTER_SHELL=yes run.sh: gives a shell in the running cluster in place of the tests.
set -euo pipefail
cd "$(dirname "$0")"

RUN_DEADLINE_SECONDS=${FAIRWAY_CLUSTER_DEADLINE:-1500}

if [ "${1:-}" = --inside ]; then
  . ./env.sh
  status=0
  ./up.sh || exit 1
  if [ "${FAIRWAY_CLUSTER_SHELL:-}" = yes ]; then
    bash || true
  else
    # Each file in a process of its own, one after the other: they share the cluster and two cores.
    "$FAIRWAY_CLUSTER_NODE" --test --test-concurrency=1 --test-reporter=spec "${@:2}" || status=$?
    [ $status = 0 ] || ./dump.sh
  fi
  ./down.sh
  exit $status
fi

./setup.sh --check
./setup.sh
. ./env.sh

# The Node.js that runs the tests: the project's own, else the machine's if it is new enough, else the base image's.
node_of_the_tests() {
  local candidate
  for candidate in "$PROJECT/node_modules/.bin/node" "$(command -v node || true)" "$BIN/node"; do
    [ -x "$candidate" ] || continue
    "$candidate" --eval 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 24 || (major === 24 && minor >= 18) ? 0 : 1)' \
      2>/dev/null && { echo "$candidate"; return; }
  done
}
FAIRWAY_CLUSTER_NODE=$(node_of_the_tests)
export FAIRWAY_CLUSTER_NODE

files=()
for file in *.test.ts; do
  for filter in "${@:-}"; do
    case $file in *"$filter"*) files+=("$CLUSTER/$file"); break ;; esac
  done
done
[ ${#files[@]} -gt 0 ] || fail "no test file has one of these in its name: $*"

# Control groups belong to the whole machine: two kubelets would end each other's pods.
exec 9> /run/lock/fairway-cluster.lock
flock --nonblock 9 || say "another cluster runs on this machine, waiting for its end"
flock --timeout 1800 9 || fail "another cluster still runs after 30 minutes"

status=0
timeout --foreground --kill-after=10 "$RUN_DEADLINE_SECONDS" ./sealed.sh ./run.sh --inside "${files[@]}" || status=$?
[ $status = 124 ] && say "the tests took longer than $RUN_DEADLINE_SECONDS s and were ended"
find /sys/fs/cgroup -mindepth 1 -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null || true
exit $status
