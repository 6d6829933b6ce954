# Paths, addresses and helpers of the test cluster. Sourced by the scripts beside it; does nothing by itself.

CLUSTER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PROJECT=$(cd "$CLUSTER/../.." && pwd)
. "$CLUSTER/versions.env"

# Names what the cache holds: the pinned modules, the versions above, the compiler and the processor.
cache_key() {
  { cat "$CLUSTER"/build/*/go.mod "$CLUSTER"/build/*/go.sum "$CLUSTER"/build/*/*.go "$CLUSTER"/build/node/package-lock.json \
      "$CLUSTER"/images/*/* "$CLUSTER/versions.env"
    go env GOVERSION
    uname -m
  } | sha256sum | cut -c 1-16
}

CACHE_ROOT=${FAIRWAY_CLUSTER_CACHE:-$HOME/.cache/fairway-cluster}
# Inside the sealed cluster the key is handed down, so that all scripts of one run mean the same folder.
export FAIRWAY_CLUSTER_KEY=${FAIRWAY_CLUSTER_KEY:-$(cache_key)}
CACHE=$CACHE_ROOT/$FAIRWAY_CLUSTER_KEY
BIN=$CACHE/bin
IMAGES=$CACHE/images
# Everything one run writes. Wiped at the start of the next run, so that logs can be read after a failure.
RUN=$CACHE/run
PKI=$RUN/pki

# The node's address. It lives on lo of the sealed network: pods and tests reach it, nobody else does.
NODE_ADDRESS=10.231.0.1
# Namespace that the tests install Fairway into.
export FAIRWAY_NAMESPACE=fairway-system
# Addresses that the stand-in for a cloud load balancer hands out.
LOAD_BALANCER_ADDRESSES="10.231.0.2 10.231.0.3"
SERVICE_RANGE=10.96.0.0/16
POD_RANGE=10.244.0.0/23

# Read by the tests.
export FAIRWAY_CLUSTER_PROJECT=$PROJECT FAIRWAY_CLUSTER_RUN=$RUN
export PATH=$BIN:$PATH
export KUBECONFIG=$RUN/admin.kubeconfig
# Helm keeps its files in the run folder and not in the user's home.
export HELM_CACHE_HOME=$RUN/helm HELM_CONFIG_HOME=$RUN/helm HELM_DATA_HOME=$RUN/helm

CONTAINERD_SOCKET=$RUN/containerd.sock
ctr_node() { ctr --address "$CONTAINERD_SOCKET" --namespace k8s.io "$@"; }

say() { echo "cluster: $*"; }
fail() { echo "cluster: $*" >&2; exit 1; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# step NAME DEADLINE_SECONDS COMMAND...: runs one long step, prints what it is and how long it took.
step() {
  local name=$1 deadline=$2 start=$SECONDS status=0
  shift 2
  say "$name ..."
  timeout --kill-after=10 "$deadline" "$@" || status=$?
  [ "$status" = 124 ] && fail "$name: not done within $deadline s"
  [ "$status" = 0 ] || fail "$name: failed with exit code $status after $((SECONDS - start)) s"
  say "$name: $((SECONDS - start)) s"
}

# until_ok NAME DEADLINE_SECONDS COMMAND...: tries the command every 100 ms until it succeeds.
until_ok() {
  local name=$1 start deadline
  start=$(milliseconds)
  deadline=$((start + $2 * 1000))
  shift 2
  until timeout 10 "$@" >/dev/null 2>&1; do
    [ "$(milliseconds)" -lt "$deadline" ] || { say "$name: not ready in time: $*"; return 1; }
    sleep 0.1
  done
  say "$name ready after $(($(milliseconds) - start)) ms"
}
