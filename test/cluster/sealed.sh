#!/bin/bash
# sealed.sh COMMAND...: runs the command in network, mount and process namespaces of its own, as root there.
# Only loopback and the pods' bridge exist inside. When the command ends, every process, mount and address in it is gone.
set -euo pipefail
. "$(dirname "$0")/env.sh"
mkdir -p /var/lib/kubelet /var/lib/cni

export FAIRWAY_CLUSTER_SEALED=yes
exec unshare --net --mount --pid --ipc --uts --fork --kill-child --mount-proc --propagation private bash -c '
  set -e
  mount --make-rshared /
  # What the node writes outside its run folder is forgotten. /sys stays as it is: the kubelet needs the control groups below it.
  for folder in /var/log /var/lib/kubelet /var/lib/cni; do mount -t tmpfs sealed "$folder"; done
  mkdir -p /run/netns
  mount -t tmpfs sealed /run/netns
  mount --make-rshared /run/netns
  hostname node1
  ip link set lo up
  # Not exec: this shell is process 1 and collects the processes whose parents have ended.
  status=0
  "$@" || status=$?
  exit $status' sealed "$@"
