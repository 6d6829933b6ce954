#!/bin/bash
# pki.sh: makes the cluster's certificate authority, certificates, token keys and kubeconfig files. Takes half a second.
# pki.sh token-key N: makes token key N the one that new tokens are signed with; tokens of the others stay valid.
# pki.sh trust-only-token-key N: tokens signed with any other key are no longer valid.
# The API server must be started again after the last two.
set -euo pipefail
. "$(dirname "$0")/env.sh"

mkdir -p "$PKI/token-keys/trusted"
cd "$PKI"
umask 077

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }

token_key() {
  key "token-keys/$1"
  openssl ec -in "token-keys/$1.key" -pubout -out "token-keys/trusted/$1.pub" 2>/dev/null
  ln -sf "$1.key" token-keys/current
}

case ${1:-all} in
  token-key) token_key "$2"; exit 0 ;;
  trust-only-token-key) find token-keys/trusted -name '*.pub' ! -name "$2.pub" -delete; exit 0 ;;
esac

key ca
openssl req -x509 -new -key ca.key -subj /CN=test-ca -days 30 -out ca.crt \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign

# certificate NAME SUBJECT USAGE [ALTERNATIVE_NAMES]
certificate() {
  key "$1"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out "$1.crt" -extfile <(
    echo "extendedKeyUsage=$3"
    echo keyUsage=critical,digitalSignature
    [ -z "${4:-}" ] || echo "subjectAltName=$4") 2>/dev/null
}

service=kubernetes.default.svc
certificate apiserver /CN=kube-apiserver serverAuth \
  "IP:127.0.0.1,IP:$NODE_ADDRESS,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:$service,DNS:$service.cluster.local"
certificate kubelet-server /CN=node1 serverAuth "IP:$NODE_ADDRESS,DNS:node1"
certificate apiserver-kubelet-client /O=system:masters/CN=apiserver-kubelet-client clientAuth
certificate admin /O=system:masters/CN=admin clientAuth
certificate controller-manager /CN=system:kube-controller-manager clientAuth
certificate scheduler /CN=system:kube-scheduler clientAuth
certificate proxy /CN=system:kube-proxy clientAuth
certificate coredns /CN=coredns clientAuth
certificate kubelet /O=system:nodes/CN=system:node:node1 clientAuth
token_key 1

for user in admin controller-manager scheduler proxy coredns kubelet; do
  cat > "$RUN/$user.kubeconfig" <<KUBECONFIG
{apiVersion: v1, kind: Config, current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}],
 clusters: [{name: c, cluster: {server: 'https://$NODE_ADDRESS:6443', certificate-authority: $PKI/ca.crt}}],
 users: [{name: u, user: {client-certificate: $PKI/$user.crt, client-key: $PKI/$user.key}}]}
KUBECONFIG
done
