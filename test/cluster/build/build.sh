#!/bin/bash
# build.sh NAME: builds one program of the cluster into the cache. Versions are those of the go.mod beside each tools.go.
set -euo pipefail
. "$(dirname "$0")/../env.sh"

name=$1
[ -x "$BIN/$name" ] && exit 0
export GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0
flags="-s -w"
case $name in
  etcd) module=etcd package=go.etcd.io/etcd/server/v3 ;;
  helm) module=helm package=helm.sh/helm/v3/cmd/helm ;;
  coredns) module=coredns package=. ;;
  *)
    module=kubernetes package=k8s.io/kubernetes/cmd/$name
    version=$(awk '$1 == "require" && $2 == "k8s.io/kubernetes" {print $3}' "$CLUSTER/build/kubernetes/go.mod")
    major=${version#v} major=${major%%.*} minor=${version#v*.} minor=${minor%%.*}
    # What the API server and kubectl say about themselves; the server refuses to start without a version.
    flags="$flags -X k8s.io/component-base/version.gitVersion=$version -X k8s.io/component-base/version.gitMajor=$major"
    flags="$flags -X k8s.io/component-base/version.gitMinor=$minor -X k8s.io/client-go/pkg/version.gitVersion=$version"
    ;;
esac
mkdir -p "$BIN"
cd "$CLUSTER/build/$module"
nice -n 10 go build -trimpath -buildvcs=false -ldflags "$flags" -o "$BIN/.$name" "$package"
mv "$BIN/.$name" "$BIN/$name"
