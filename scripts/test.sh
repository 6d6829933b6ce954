#!/usr/bin/env bash
# All tests that need no Go. With arguments: only the test files whose path contains one of them.
set -euo pipefail
cd "$(dirname "$0")/.."
started=$SECONDS
[ $# -gt 0 ] || bash scripts/check.sh
mapfile -t files < <(find test -name '*.test.ts' -not -path 'test/cluster/*' | sort)
if [ $# -gt 0 ]; then
  mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -F "$(printf '%s\n' "$@")")
fi
echo "test: ${#files[@]} files"
bash scripts/node.sh --test --test-concurrency=2 --test-timeout=120000 --test-reporter=spec "${files[@]}"
if [ $# -eq 0 ]; then
  echo "test: what clients see, with the reference engine"
  TEST_ENGINE=http-proxy bash scripts/node.sh --test --test-concurrency=2 --test-timeout=120000 --test-reporter=spec \
    test/feature/{routing,headers,balancing,balancing-pools,draining,canary,progressive-delivery,sticky-sessions,tls,request-bodies,ejection,mirror,limits,hold}.test.ts
  echo "test: the native engine with Node's sockets"
  TEST_SOCKETS=streams bash scripts/node.sh --test --test-concurrency=2 --test-timeout=120000 --test-reporter=spec \
    test/contract/engines.test.ts test/conformance/http1-strictness.test.ts test/unit/proxy/{engines,listeners}/*.test.ts
fi
echo "test: done in $((SECONDS - started)) s"
