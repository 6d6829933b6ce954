//go:build tools

// Package tools pins the helm program that the cluster tests run.
package tools

import _ "helm.sh/helm/v3/cmd/helm"
