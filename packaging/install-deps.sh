#!/usr/bin/env bash
# Installs the Debian 12 packages that a purpose needs, and only those that are missing.
#
#   packaging/install-deps.sh [build|test|check|kafka|interop|containers|bench|packaging]...     (default: build)
set -euo pipefail

readonly build_packages=(
    build-essential cmake ninja-build ccache pkg-config
    libboost1.81-dev libboost-json1.81-dev librdkafka-dev librocksdb-dev libspdlog-dev libfmt-dev
    libtomlplusplus-dev libcli11-dev libxxhash-dev zlib1g-dev libzstd-dev libssl-dev
    libprotobuf-dev protobuf-compiler libre2-dev libsimdjson-dev libgtest-dev libgmock-dev
)
readonly test_packages=(python3 python3-pytest openssl libfaketime zstd)
readonly check_packages=(clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev shellcheck)
readonly kafka_packages=(openjdk-17-jre-headless maven python3 kcat)
readonly bench_packages=(rsyslog rsyslog-kafka)
readonly containers_packages=(debootstrap podman buildah runc busybox-static)
# lintian and nspawn are for the tests of the packages, prometheus for those of its rules, pip for Kubernetes' schemas.
readonly packaging_packages=(
    python3 dpkg-dev rpm lintian systemd-container mandoc bash-completion zsh python3-yaml shellcheck
    prometheus python3-pip
)

# For other people's OpAMP libraries. Whoever has newer ones than Debian keeps them.
interop_packages() {
    command -v go >/dev/null || echo golang-go
    command -v node >/dev/null || echo nodejs
    command -v npm >/dev/null || echo npm
}

packages_for() {
    case "$1" in
        build) printf '%s\n' "${build_packages[@]}" ;;
        test) printf '%s\n' "${test_packages[@]}" ;;
        check) printf '%s\n' "${check_packages[@]}" ;;
        kafka) printf '%s\n' "${kafka_packages[@]}" ;;
        interop) interop_packages ;;
        bench) printf '%s\n' "${bench_packages[@]}" ;;
        containers) printf '%s\n' "${containers_packages[@]}" ;;
        packaging) printf '%s\n' "${packaging_packages[@]}" ;;
        *)
            echo "install-deps: unknown purpose '$1' (one of: build test check kafka interop containers bench packaging)" >&2
            return 2
            ;;
    esac
}

missing_of() {
    local package
    for package in "$@"; do
        [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || echo "$package"
    done
}

# apt would start rsyslog as a service; the benchmark runs its own and leaves the host's logging alone.
without_starting_services() {
    local -r policy=/usr/sbin/policy-rc.d
    if [[ -e $policy ]]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    "$@"
    rm -f "$policy"
}

install() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    without_starting_services apt-get install -q -y --no-install-recommends "$@" </dev/null
}

main() {
    local purpose wanted=() missing=()
    [[ $# -gt 0 ]] || set -- build
    for purpose in "$@"; do
        packages_for "$purpose" >/dev/null
        mapfile -t -O "${#wanted[@]}" wanted < <(packages_for "$purpose")
    done
    mapfile -t missing < <(missing_of "${wanted[@]}" | sort -u)
    [[ ${#missing[@]} -gt 0 ]] || return 0
    if [[ $EUID -ne 0 ]]; then
        echo "install-deps: cannot install: not root. As root: apt-get install --no-install-recommends ${missing[*]}" >&2
        return 1
    fi
    echo "install-deps: installing ${missing[*]}"
    if ! install "${missing[@]}"; then
        echo "install-deps: cannot install ${missing[*]}: apt-get failed, see above" >&2
        return 1
    fi
}

main "$@"
