#!/bin/bash
# dump.sh: prints what helps to understand a failure: objects, events, the logs of pods and of the cluster's components.
# dump.sh logs: prints the components' logs only.
set -uo pipefail
. "$(dirname "$0")/env.sh"
LINES=${FAIRWAY_CLUSTER_DUMP_LINES:-40}

title() { echo; echo "===== $*"; }

if [ "${1:-}" != logs ]; then
  title "pods"; timeout 10 kubectl get pods --all-namespaces --output=wide
  title "services, ingresses, endpoint slices"; timeout 10 kubectl get services,ingresses,endpointslices --all-namespaces 2>&1 | head -60
  title "leases"; timeout 10 kubectl get leases --all-namespaces
  title "events"; timeout 10 kubectl get events --all-namespaces --sort-by=.lastTimestamp | tail -n $((LINES * 2))
  timeout 10 kubectl get pods --all-namespaces --no-headers \
    --output=custom-columns=:.metadata.namespace,:.metadata.name,:.status.phase | head -20 | while read -r namespace pod phase; do
    title "log of $namespace/$pod ($phase)"
    # Answers as they should be would push everything else out.
    timeout 10 kubectl --namespace "$namespace" logs --all-containers --tail=5000 "$pod" < /dev/null \
      | grep -v '"status":[23]' | tail -n "$LINES" | cut -c 1-700
    if [ "$namespace" = "$FAIRWAY_NAMESPACE" ]; then
      timeout 10 kubectl --namespace "$namespace" logs --all-containers --previous --tail="$LINES" "$pod" < /dev/null 2>/dev/null \
        | sed 's/^/(container before) /'
    fi
  done
fi
for log in "$RUN"/*.log; do
  [ "$log" = "$RUN/audit.log" ] && continue
  title "$(basename "$log")"
  tail -n $((LINES / 2)) "$log" | cut -c 1-400
done
exit 0
