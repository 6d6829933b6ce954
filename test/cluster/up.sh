#!/bin/bash
# up.sh: starts the cluster, inside sealed.sh only. About 6 seconds with a full cache.
set -euo pipefail
cd "$(dirname "$0")"
. ./env.sh
[ "${FAIRWAY_CLUSTER_SEALED:-}" = yes ] || fail "up.sh changes the network of the machine: run it by ./sealed.sh ./up.sh"
# Unix sockets have paths of at most 107 bytes.
[ ${#CONTAINERD_SOCKET} -le 90 ] || fail "the path of the cache is too long for sockets: $RUN. Set FAIRWAY_CLUSTER_CACHE to a shorter one"

started=$(milliseconds)
show_logs() { ./dump.sh logs >&2 || true; }
trap 'status=$?; [ $status = 0 ] || show_logs' EXIT

rm -rf "$RUN"
mkdir -p "$RUN/containerd" "$RUN/cni" "$RUN/kubelet" "$RUN/helm"
# A run that was killed leaves containers behind in containerd's books.
if [ -f "$CACHE/containerd.dirty" ]; then rm -rf "$CACHE/containerd"; fi
mkdir -p "$CACHE/containerd"
touch "$CACHE/containerd.dirty"

for address in $NODE_ADDRESS $LOAD_BALANCER_ADDRESSES; do ip address replace "$address/32" dev lo; done
sysctl -qw net.ipv4.ip_forward=1
./pki.sh
for file in containerd.toml bridge.conflist kubelet.yaml audit-policy.yaml Corefile; do
  sed "s#@RUN@#$RUN#g; s#@CACHE@#$CACHE#g; s#@PKI@#$PKI#g; s#@NODE_ADDRESS@#$NODE_ADDRESS#g; s#@POD_RANGE@#$POD_RANGE#g
    s#@FAIRWAY_NAMESPACE@#$FAIRWAY_NAMESPACE#g" "config/$file.in" > "$RUN/$file"
done
mv "$RUN/bridge.conflist" "$RUN/cni/10-bridge.conflist"
echo "nameserver $NODE_ADDRESS" > "$RUN/resolv.conf"

./component.sh start etcd
./component.sh start apiserver
./component.sh start containerd
until_ok containerd 30 ctr --address "$CONTAINERD_SOCKET" version
# containerd keeps its images from run to run: only those that have changed are read again.
for image in "$IMAGES"/*.tar; do
  imported=$CACHE/containerd/$(basename "$image").id
  cmp --silent "$image.id" "$imported" && continue
  timeout 120 ctr --address "$CONTAINERD_SOCKET" --namespace k8s.io images import --all-platforms "$image" >/dev/null
  cp "$image.id" "$imported"
done
say "images there, $(($(milliseconds) - started)) ms after the start"
until_ok "API server" 60 kubectl get --raw=/readyz
./component.sh start controller-manager
./component.sh start scheduler
./component.sh start kubelet
./component.sh start proxy
kubectl create clusterrole coredns --verb=list,watch --resource=services,pods,namespaces,endpointslices.discovery.k8s.io >/dev/null
kubectl create clusterrolebinding coredns --clusterrole=coredns --user=coredns >/dev/null
./component.sh start coredns
./component.sh start load-balancer
until_ok node 60 sh -c "kubectl get node node1 | grep ' Ready'"
until_ok "service accounts" 60 sh -c 'kubectl -n default get serviceaccount default && kubectl -n default get configmap kube-root-ca.crt'
say "up after $(($(milliseconds) - started)) ms"
