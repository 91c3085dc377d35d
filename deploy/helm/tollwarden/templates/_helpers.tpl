{{- define "tollwarden.name" -}}
{{- printf "%s-tollwarden" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "tollwarden.selector" -}}
app.kubernetes.io/name: tollwarden
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tollwarden.labels" -}}
{{ include "tollwarden.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "tollwarden.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end }}

{{- define "tollwarden.policy" -}}
{{- if .Values.policy -}}
{{ .Values.policy }}
{{- else -}}
version = 1
{{- with .Values.x402.agentId }}
agents.allow = [{{ . | quote }}]
{{- end }}

[payment]
max_usd = {{ .Values.x402.maxPerCallUsd | quote }}
{{- with .Values.x402.approveFromUsd }}
approve_from_usd = {{ . | quote }}
{{- end }}

[[budgets]]
name = "daily"
limit_usd = {{ .Values.x402.dailyLimitUsd | quote }}
window = "{{ .Values.x402.windowSeconds }}s"
{{- with .Values.x402.replayTtl }}

[replay]
window = "{{ . }}s"
{{- end }}
{{- with .Values.x402.piiAction }}

[privacy]
action = {{ . | quote }}
{{- end }}
{{- end -}}
{{- end }}
