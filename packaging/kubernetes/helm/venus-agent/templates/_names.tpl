{{- define "agent.name" -}}{{ .Release.Name }}-agent{{- end }}
{{- define "center.name" -}}{{ .Release.Name }}-center{{- end }}
{{- define "center.secret" -}}{{ .Values.center.adminTokenSecret | default (include "center.name" .) }}{{- end }}
{{- define "tag" -}}{{ .Values.images.tag | default .Chart.AppVersion }}{{- end }}
{{- define "agent.config" -}}
{{ .Values.agent.config | default (tpl (.Files.Get "files/agent.toml") .) | trim }}
{{- end }}
{{- define "agent.docker" -}}
{{- with .Values.agent.dockerPath }}{{ trimSuffix "/" . }}/containers{{ end }}
{{- end }}
{{- define "center.config" -}}
{{ .Values.center.config | default (tpl (.Files.Get "files/center.toml") .) | trim }}
{{- end }}
{{- define "center.scheme" -}}{{ ternary "https" "http" (not (empty .Values.center.tlsSecret)) }}{{- end }}
{{- define "agent.labels" -}}
app.kubernetes.io/name: venus-agent
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "center.labels" -}}
app.kubernetes.io/name: venus-center
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
