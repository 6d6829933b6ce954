#!/bin/bash
# setup.sh: makes this machine ready for the cluster tests. What is already there is not made again.
# setup.sh --check: only says what is missing, and exits 1 if something is.
set -euo pipefail
cd "$(dirname "$0")"

APT_PACKAGES="containerd runc containernetworking-plugins iptables iproute2 conntrack socat ethtool buildah debootstrap gcc libc6-dev jq openssl curl procps"
PROGRAMS="etcd kube-apiserver kube-controller-manager kubectl kubelet kube-scheduler kube-proxy coredns helm"

# What neither this script nor a package can bring.
missing_basics() {
  [ "$(uname -s)" = Linux ] || echo "Linux: this is $(uname -s)"
  [ "$(uname -m)" = x86_64 ] || echo "an x86_64 processor: this is $(uname -m)"
  [ "$(id -u)" = 0 ] || echo "root: this is user $(id -un)"
  command -v unshare >/dev/null || echo "unshare, of the package util-linux"
  if [ "$(id -u)" = 0 ] && command -v unshare >/dev/null; then
    unshare --net --mount --pid --ipc --uts --fork --mount-proc --propagation private \
      sh -c 'mount --make-rshared / && mount -t tmpfs none /run && ip link set lo up' >/dev/null 2>&1 \
      || echo "the right to make network, mount and process namespaces (CAP_SYS_ADMIN and CAP_NET_ADMIN)"
  fi
  [ -d /sys/fs/cgroup ] || echo "a mounted /sys/fs/cgroup"
  command -v npm >/dev/null || echo "npm, to install Node.js for the images"
  command -v apt-get >/dev/null || echo "apt-get: the node's programs are Debian packages"
  local wanted have
  wanted=$(awk '$1 == "go" {print $2}' build/*/go.mod | sort -V | tail -1)
  if ! command -v go >/dev/null; then
    echo "Go $wanted or newer, to build Kubernetes"
  else
    have=$(go env GOVERSION)
    [ "$(printf '%s\n' "$wanted" "${have#go}" | sort -V | head -1)" = "$wanted" ] || echo "Go $wanted or newer, to build Kubernetes: this is ${have#go}"
  fi
}

missing=$(missing_basics)
if [ -n "$missing" ]; then
  echo "cluster: the cluster tests cannot run here. Missing:" >&2
  echo "$missing" | sed 's/^/cluster:   - /' >&2
  exit 1
fi
[ "${1:-}" = --check ] && exit 0

. ./env.sh
mkdir -p "$CACHE"
# One set-up at a time; a second one waits and then finds all done.
exec 9> "$CACHE/setup.lock"
flock --timeout 3000 9 || fail "another set-up still holds $CACHE/setup.lock after 50 minutes"
say "cache $CACHE"
# Folders of versions that nobody has used for two weeks.
touch "$CACHE"
find "$CACHE_ROOT" -mindepth 1 -maxdepth 1 -type d -mtime +14 -exec rm -rf {} +

packages_missing=$(for package in $APT_PACKAGES; do
  dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"; done)
if [ -n "$packages_missing" ]; then
  export DEBIAN_FRONTEND=noninteractive
  step "package lists" 300 sh -c 'apt-get update >/dev/null'
  # shellcheck disable=SC2086 # one word per package
  step "packages $(echo $packages_missing)" 600 sh -c 'apt-get install --yes --no-install-recommends "$@" >/dev/null' sh $packages_missing
fi

for program in $PROGRAMS; do
  [ -x "$BIN/$program" ] || step "build $program" 1800 ./build/build.sh "$program"
done
step "image pause" 120 ./images/build.sh pause
step "image $BASE_IMAGE" 600 ./images/build.sh node
step "image backend" 120 ./images/build.sh backend
if [ -f "$PROJECT/Dockerfile" ]; then
  step "image fairway" 600 ./images/build.sh fairway
else
  say "no $PROJECT/Dockerfile: only tests without Fairway can run"
fi
say "set up"
