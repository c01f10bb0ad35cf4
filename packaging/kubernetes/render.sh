#!/usr/bin/env bash
# Makes the plain manifests of the chart; run it after a change there. Needs helm.
#
#   packaging/kubernetes/render.sh [FOLDER]     (default: packaging/kubernetes/manifests)
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"

# helm puts "---" and where a document comes from before each: the first "---" would begin an empty one.
render() {
    local name=$1
    shift
    printf '%s\n' "# Made of the chart by packaging/kubernetes/render.sh: change it there." "$@"
    helm template venus helm/venus-agent --namespace venus --kube-version 1.29.0 --values manifests.values.yaml \
        --show-only "templates/$name.yaml" | sed -e '/^# Source: /d' -e 's: *$::' -e '1{/^---$/d}'
}

main() {
    local folder=${1:-manifests}
    render agent "# Names of brokers and of the topic are in the ConfigMap. Pods read it at their start, so after a change:" \
        "#   kubectl -n venus rollout restart daemonset/venus-agent" >"$folder/agent.yaml"
    render center "# First of all put a token of your own into the Secret. After a change of it, or of the ConfigMap:" \
        "#   kubectl -n venus rollout restart deployment/venus-center" >"$folder/center.yaml"
}

main "$@"
