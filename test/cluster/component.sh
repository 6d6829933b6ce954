#!/bin/bash
# component.sh start|stop|kill NAME: one component of the running cluster. Its output is in run/NAME.log, its process in run/NAME.pid.
# Names: etcd, apiserver, controller-manager, scheduler, containerd, kubelet, proxy, coredns, load-balancer.
set -euo pipefail
. "$(dirname "$0")/env.sh"

# The API server would wait for the end of all watches, and nobody ends those for it.
stop_deadline_seconds() { [ "$name" = apiserver ] && echo 3 || echo 20; }

# A process whose parent does not collect it is a zombie, and as good as ended.
alive() {
  local state
  state=$(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null) && [ "$state" != Z ]
}

launch() {
  setsid "$@" >> "$RUN/$name.log" 2>&1 < /dev/null 9>&- &
  echo $! > "$RUN/$name.pid"
}

start() {
  case $name in
    etcd)
      launch etcd --name e --data-dir "$RUN/etcd" --listen-client-urls http://127.0.0.1:2379 \
        --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380 \
        --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster e=http://127.0.0.1:2380 \
        --unsafe-no-fsync --logger zap --log-level warn
      ;;
    apiserver)
      local trusted=() file
      for file in "$PKI"/token-keys/trusted/*.pub; do trusted+=("--service-account-key-file=$file"); done
      launch kube-apiserver --etcd-servers=http://127.0.0.1:2379 --bind-address="$NODE_ADDRESS" --advertise-address="$NODE_ADDRESS" \
        --secure-port=6443 --service-cluster-ip-range="$SERVICE_RANGE" --authorization-mode=Node,RBAC \
        --enable-admission-plugins=NodeRestriction --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" \
        --client-ca-file="$PKI/ca.crt" --service-account-issuer=https://kubernetes.default.svc \
        "${trusted[@]}" --service-account-signing-key-file="$(readlink -f "$PKI/token-keys/current")" \
        --allow-privileged=true --profiling=false --audit-policy-file="$RUN/audit-policy.yaml" --audit-log-path="$RUN/audit.log" \
        --kubelet-client-certificate="$PKI/apiserver-kubelet-client.crt" --kubelet-client-key="$PKI/apiserver-kubelet-client.key" \
        --kubelet-certificate-authority="$PKI/ca.crt" --kubelet-preferred-address-types=InternalIP
      ;;
    controller-manager)
      # At the default request rate it needs 5 s longer to start. The long grace period: a stopped API server or kubelet
      # must not look like a dead node, or all pods become NotReady, Fairway's too.
      launch kube-controller-manager --kubeconfig="$RUN/controller-manager.kubeconfig" --bind-address=127.0.0.1 --leader-elect=false \
        --kube-api-qps=300 --kube-api-burst=600 --use-service-account-credentials=true \
        --service-account-private-key-file="$(readlink -f "$PKI/token-keys/current")" --root-ca-file="$PKI/ca.crt" \
        --node-monitor-grace-period=10m \
        --cluster-signing-cert-file="$PKI/ca.crt" --cluster-signing-key-file="$PKI/ca.key" --profiling=false
      ;;
    scheduler)
      launch kube-scheduler --kubeconfig="$RUN/scheduler.kubeconfig" --bind-address=127.0.0.1 --leader-elect=false --profiling=false
      ;;
    containerd) launch containerd --config "$RUN/containerd.toml" --log-level warn ;;
    kubelet)
      launch kubelet --config="$RUN/kubelet.yaml" --kubeconfig="$RUN/kubelet.kubeconfig" --root-dir="$RUN/kubelet" \
        --cert-dir="$RUN/kubelet-pki" --hostname-override=node1 --node-ip="$NODE_ADDRESS" --v=1 \
        --node-labels=topology.kubernetes.io/zone=zone-a
      ;;
    proxy)
      launch kube-proxy --kubeconfig="$RUN/proxy.kubeconfig" --hostname-override=node1 --proxy-mode=iptables --cluster-cidr="$POD_RANGE" \
        --bind-address="$NODE_ADDRESS" --healthz-bind-address=127.0.0.1 --metrics-bind-address=127.0.0.1 \
        --nodeport-addresses="$NODE_ADDRESS/32" --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 \
        --conntrack-tcp-timeout-close-wait=0
      ;;
    coredns) launch coredns -conf "$RUN/Corefile" ;;
    load-balancer)
      # shellcheck disable=SC2086 # one word per address
      launch "$FAIRWAY_CLUSTER_NODE" "$CLUSTER/support/load-balancer.ts" $LOAD_BALANCER_ADDRESSES
      ;;
    *) fail "no component is called $name" ;;
  esac
}

# end SIGNAL: ends the component's process and waits until it has ended.
end() {
  local process deadline
  [ -f "$RUN/$name.pid" ] || return 0
  process=$(cat "$RUN/$name.pid")
  kill "-$1" "$process" 2>/dev/null || true
  deadline=$((SECONDS + $(stop_deadline_seconds)))
  while alive "$process"; do
    if [ $SECONDS -ge $deadline ]; then
      [ "$name" = apiserver ] || say "$name did not end within $(stop_deadline_seconds) s and is killed"
      kill -KILL "$process" 2>/dev/null || true
      break
    fi
    sleep 0.05
  done
  rm -f "$RUN/$name.pid"
}

name=$2
case $1 in
  start) start ;;
  stop) end TERM ;;
  kill) end KILL ;;
  *) fail "component.sh start|stop|kill NAME" ;;
esac
