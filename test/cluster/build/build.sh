#!/bin/bash
# build.sh NAME: builds one program of the cluster into the cache. Versions are those of the go.mod beside each tools.go.
set -euo pipefail
. "$(dirname "$0")/../env.sh"

name=$1
[ -x "$BIN/$name" ] && exit 0
export GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0
flags="-s -w"
# version_in MODULE GO_MOD_FOLDER: the pinned version of a module, for what the programs say about themselves.
version_in() { awk -v module="$1" '$1 == "require" && $2 == module {print $3}' "$CLUSTER/build/$2/go.mod"; }
kubernetes=$(version_in k8s.io/kubernetes kubernetes)
major=${kubernetes#v} major=${major%%.*} minor=${kubernetes#v*.} minor=${minor%%.*}
case $name in
  etcd) module=etcd package=go.etcd.io/etcd/server/v3 ;;
  helm)
    module=helm package=helm.sh/helm/v3/cmd/helm
    flags="$flags -X helm.sh/helm/v3/internal/version.version=$(version_in helm.sh/helm/v3 helm)"
    # What `helm template` takes the cluster's version for; without it every chart of this decade is refused.
    flags="$flags -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=$major -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=$minor"
    ;;
  coredns) module=coredns package=. ;;
  *)
    module=kubernetes package=k8s.io/kubernetes/cmd/$name
    # What the API server and kubectl say about themselves; the server refuses to start without a version.
    flags="$flags -X k8s.io/component-base/version.gitVersion=$kubernetes -X k8s.io/component-base/version.gitMajor=$major"
    flags="$flags -X k8s.io/component-base/version.gitMinor=$minor -X k8s.io/client-go/pkg/version.gitVersion=$kubernetes"
    ;;
esac
mkdir -p "$BIN"
cd "$CLUSTER/build/$module"
nice -n 10 go build -trimpath -buildvcs=false -ldflags "$flags" -o "$BIN/.$name" "$package"
mv "$BIN/.$name" "$BIN/$name"
