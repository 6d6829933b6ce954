{{- define "fairway.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "fairway.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "fairway.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "fairway.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "fairway.controller.fullname" -}}
{{- printf "%s-%s" (include "fairway.fullname" .) .Values.controller.name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "fairway.selectorLabels" -}}
app.kubernetes.io/name: {{ include "fairway.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ .Values.controller.name }}
{{- end -}}

{{- define "fairway.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ include "fairway.name" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "fairway.selectorLabels" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "fairway.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "fairway.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "fairway.electionID" -}}
{{- default (printf "%s-leader" (include "fairway.fullname" .)) .Values.controller.electionID -}}
{{- end -}}

{{- define "fairway.image" -}}
{{- $image := .Values.controller.image -}}
{{- with $image.registry -}}{{ . }}/{{- end -}}
{{- $image.image -}}
{{- if $image.digest -}}@{{ $image.digest }}{{- else -}}:{{ default .Chart.AppVersion $image.tag }}{{- end -}}
{{- end -}}

{{- define "fairway.watchedNamespaces" -}}
{{- if .Values.controller.scope.enabled -}}
{{- default .Release.Namespace .Values.controller.scope.namespace -}}
{{- end -}}
{{- end -}}

{{- define "fairway.args" -}}
- --configmap=$(POD_NAMESPACE)/{{ include "fairway.controller.fullname" . }}
- --ingress-class={{ .Values.controller.ingressClass }}
- --controller-class={{ .Values.controller.ingressClassResource.controllerValue }}
- --election-id={{ include "fairway.electionID" . }}
- --http-port={{ .Values.controller.containerPort.http }}
{{- if and .Values.controller.hostPort.enabled .Values.controller.hostNetwork }}
- --http-public-port={{ .Values.controller.containerPort.http }}
{{- else if .Values.controller.hostPort.enabled }}
- --http-public-port={{ .Values.controller.hostPort.ports.http }}
{{- else if .Values.controller.service.enabled }}
- --http-public-port={{ .Values.controller.service.ports.http }}
{{- end }}
- --https-port={{ .Values.controller.containerPort.https }}
- --healthz-port={{ .Values.controller.metrics.port }}
- --workers={{ .Values.controller.workers }}
- --health-checks={{ .Values.controller.healthChecks }}
- --enable-metrics={{ .Values.controller.metrics.enabled }}
{{- if .Values.controller.ingressClassByName }}
- --ingress-class-by-name=true
{{- end }}
{{- if .Values.controller.watchIngressWithoutClass }}
- --watch-ingress-without-class=true
{{- end }}
{{- if .Values.controller.disableLeaderElection }}
- --disable-leader-election=true
{{- end }}
{{- if .Values.controller.publishService.pathOverride }}
- --publish-service={{ .Values.controller.publishService.pathOverride }}
{{- else if and .Values.controller.publishService.enabled .Values.controller.service.enabled }}
- --publish-service=$(POD_NAMESPACE)/{{ include "fairway.controller.fullname" . }}
{{- end }}
{{- with include "fairway.watchedNamespaces" . }}
- --watch-namespace={{ . }}
{{- end }}
{{- if and (not .Values.controller.scope.enabled) .Values.controller.scope.namespaceSelector }}
- --watch-namespace-selector={{ .Values.controller.scope.namespaceSelector }}
{{- end }}
{{- with .Values.rbac.secretNamespaces }}
- --secret-namespaces={{ join "," . }}
{{- end }}
{{- if ne .Values.controller.reportNodeAddress "off" }}
- --report-node-address={{ .Values.controller.reportNodeAddress }}
{{- end }}
- --zone={{ .Values.controller.zone }}
{{- range $flag, $value := .Values.controller.extraArgs }}
- --{{ $flag }}={{ $value }}
{{- end }}
{{- end -}}

{{- define "fairway.podTemplate" -}}
metadata:
  annotations:
    checksum/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
    {{- with .Values.controller.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  labels:
    {{- include "fairway.labels" . | nindent 4 }}
    {{- with .Values.controller.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "fairway.serviceAccountName" . }}
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: {{ .Values.controller.terminationGracePeriodSeconds }}
  dnsPolicy: {{ .Values.controller.dnsPolicy }}
  {{- if .Values.controller.hostNetwork }}
  hostNetwork: true
  {{- end }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.controller.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile:
      type: RuntimeDefault
  {{- with .Values.controller.extraInitContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: controller
      image: {{ include "fairway.image" . }}
      imagePullPolicy: {{ .Values.controller.image.pullPolicy }}
      args:
        {{- include "fairway.args" . | nindent 8 }}
      env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: POD_NAMESPACE
          valueFrom:
            fieldRef:
              fieldPath: metadata.namespace
        - name: NODE_NAME
          valueFrom:
            fieldRef:
              fieldPath: spec.nodeName
        - name: TERMINATION_GRACE_PERIOD
          value: {{ printf "%ds" (int .Values.controller.terminationGracePeriodSeconds) | quote }}
        {{- with .Values.controller.extraEnvs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - name: http
          containerPort: {{ .Values.controller.containerPort.http }}
          protocol: TCP
          {{- if and .Values.controller.hostPort.enabled (not .Values.controller.hostNetwork) }}
          hostPort: {{ .Values.controller.hostPort.ports.http }}
          {{- end }}
        - name: https
          containerPort: {{ .Values.controller.containerPort.https }}
          protocol: TCP
          {{- if and .Values.controller.hostPort.enabled (not .Values.controller.hostNetwork) }}
          hostPort: {{ .Values.controller.hostPort.ports.https }}
          {{- end }}
        - name: {{ .Values.controller.metrics.portName }}
          containerPort: {{ .Values.controller.metrics.port }}
          protocol: TCP
      readinessProbe:
        httpGet:
          path: /readyz
          port: {{ .Values.controller.metrics.port }}
        {{- toYaml .Values.controller.readinessProbe | nindent 8 }}
      livenessProbe:
        httpGet:
          path: /livez
          port: {{ .Values.controller.metrics.port }}
        {{- toYaml .Values.controller.livenessProbe | nindent 8 }}
      startupProbe:
        httpGet:
          path: /readyz
          port: {{ .Values.controller.metrics.port }}
        {{- toYaml .Values.controller.startupProbe | nindent 8 }}
      {{- with .Values.controller.lifecycle }}
      lifecycle:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      resources:
        {{- toYaml .Values.controller.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        runAsNonRoot: true
        capabilities:
          drop:
            - ALL
        seccompProfile:
          type: RuntimeDefault
      volumeMounts:
        - name: kube-api-access
          mountPath: /var/run/secrets/kubernetes.io/serviceaccount
          readOnly: true
        - name: tmp
          mountPath: /tmp
        {{- with .Values.controller.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with .Values.controller.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: kube-api-access
      projected:
        defaultMode: 0440
        sources:
          - serviceAccountToken:
              path: token
              expirationSeconds: 3607
          - configMap:
              name: kube-root-ca.crt
              items:
                - key: ca.crt
                  path: ca.crt
          - downwardAPI:
              items:
                - path: namespace
                  fieldRef:
                    apiVersion: v1
                    fieldPath: metadata.namespace
    - name: tmp
      emptyDir:
        medium: Memory
        sizeLimit: 16Mi
    {{- with .Values.controller.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.controller.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.controller.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.controller.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    {{- if .Values.controller.topologySpreadConstraints }}
    {{- toYaml .Values.controller.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "fairway.selectorLabels" . | nindent 10 }}
    {{- end }}
{{- end -}}
