#!/usr/bin/env bash
# Builds the container image with what the machine has: docker, podman or buildah.
#   IMAGE=name:tag        default fairway:<version of package.json>
#   BASE_IMAGE=node:...   default as in the Dockerfile
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/.*"version": "\(.*\)".*/\1/p' package.json | head -1)
image=${IMAGE:-fairway:$version}
arguments=()
[ -z "${BASE_IMAGE:-}" ] || arguments+=(--build-arg "BASE_IMAGE=$BASE_IMAGE")
for tool in docker podman buildah; do
  command -v "$tool" >/dev/null || continue
  [ "$tool" != docker ] || docker info >/dev/null 2>&1 || continue
  echo "image: building $image with $tool"
  if [ "$tool" = buildah ]; then exec buildah bud "${arguments[@]}" -t "$image" .; fi
  exec "$tool" build "${arguments[@]}" -t "$image" .
done
echo "image: neither a running docker, podman nor buildah is here; install one of them" >&2
exit 1
