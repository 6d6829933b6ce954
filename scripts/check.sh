#!/usr/bin/env bash
# Types, lint, architecture, format, generated files. Each step says its name and its time; the first that fails ends the run.
set -euo pipefail
cd "$(dirname "$0")/.."
step() {
  local name=$1 started=$SECONDS
  shift
  echo "check: $name"
  "$@" || { echo "check: $name failed: $*" >&2; exit 1; }
  echo "check: $name ok ($((SECONDS - started)) s)"
}
node="bash scripts/node.sh"
step types $node node_modules/typescript/lib/tsc.js -p .
step lint $node node_modules/oxlint/bin/oxlint --type-aware --deny-warnings src test scripts
step architecture $node --test --test-reporter=dot test/architecture/imports.test.ts
step format $node node_modules/oxfmt/bin/oxfmt --check
[ ! -f scripts/generate-docs.ts ] || step docs $node scripts/generate-docs.ts --check
[ ! -f scripts/generate-manifests.ts ] || step manifests $node scripts/generate-manifests.ts --check
