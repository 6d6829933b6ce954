#!/usr/bin/env bash
# Installs the pinned tools and libraries into node_modules, and says so.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer with npm" >&2; exit 1; }
echo "setup: installing the pinned tools and libraries (about half a minute, once) ..."
started=$SECONDS
# npm says nothing where no terminal is; a slow network should not look like a hang.
(while sleep 10 >/dev/null 2>&1; do echo "setup: still installing, $((SECONDS - started)) s ..."; done) &
ticker=$!
trap 'kill "$ticker" 2>/dev/null || true' EXIT
npm ci --no-audit --no-fund --loglevel=error
bash scripts/node.sh --version >/dev/null
touch node_modules/.ready
echo "setup: done in $((SECONDS - started)) s, Node $(bash scripts/node.sh --version)"
