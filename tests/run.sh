#!/usr/bin/env bash
# Runs the tests; installs what they need, builds what they test.
#
#   tests/run.sh [--long] [checks|unit|integration|faults|packaging|bench]...     (default: checks unit integration faults)
#
#   checks       clang-format, clang-tidy, shellcheck, the include check, the table of tests in ARCHITECTURE.md
#   unit         ctest in the presets release, asan and tsan
#   integration  the built binary with a real Apache Kafka
#   faults       the same with everything that goes wrong around an agent: kill -9, outages, networks, disks
#                --long: also 200 x kill -9 with a broker that restarts, ten minutes without a broker, and fuzzing
#   packaging    the packages, the services on a Debian with systemd, the images; as root
#   bench        the benchmark beside kcat and rsyslog; asserts nothing
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly kinds_known="checks unit integration faults packaging bench"
results=()
failed=0
pytest_options=()

export PYTHONDONTWRITEBYTECODE=1 # no caches in the tree
readonly python=/usr/bin/python3 # Debian's, which has Debian's pytest
readonly jobs=${JOBS:-$(nproc)}
readonly fuzz_seconds=60 # of each target

main() {
    local kind argument kinds=()
    for argument in "$@"; do
        if [[ $argument == --long ]]; then pytest_options=(--long); else kinds+=("$argument"); fi
    done
    set -- "${kinds[@]}"
    [[ $# -gt 0 ]] || set -- checks unit integration faults
    for kind in "$@"; do
        if [[ " $kinds_known " != *" $kind "* ]]; then
            echo "run.sh: unknown kind '$kind' (one of: $kinds_known)" >&2
            exit 2
        fi
    done
    for kind in "$@"; do "needs_of_$kind"; done | sort -u | xargs ./packaging/install-deps.sh
    for kind in "$@"; do "run_$kind" </dev/null; done
    conclude
}

needs_of_checks() { printf '%s\n' build test check; }
needs_of_unit() { printf '%s\n' build check; } # tsan is clang's
needs_of_integration() { printf '%s\n' build test kafka interop containers; }
needs_of_faults() {
    printf '%s\n' build test kafka
    ! is_long || echo check # the fuzzer is clang's
}
needs_of_packaging() { printf '%s\n' build test kafka containers packaging; }
needs_of_bench() { printf '%s\n' build kafka bench; }

run_checks() {
    step "configure: release" configure release
    step "format" check_format
    step "includes" ./tests/tidy/includes
    step "includes and the table of tests" run_pytest --noconftest tests/tidy
    step "shellcheck" shellcheck_all
    step "clang-tidy" ./tests/tidy/clang-tidy "$jobs"
}

run_unit() {
    local preset
    for preset in release asan tsan; do
        step "build: $preset" build "$preset"
        step "unit: $preset" ctest --preset "$preset" -j "$jobs" -L unit --no-tests=error
    done
}

run_integration() {
    step "build: release" build release
    step "integration" run_pytest tests/integration
}

run_faults() {
    step "build: release" build release
    step "faults" run_pytest "${pytest_options[@]}" tests/faults
    is_long || return 0
    step "build: fuzz" build fuzz
    step "fuzz" ./tests/fuzz/run "$fuzz_seconds"
}

run_packaging() {
    step "build: release" build release
    step "packages" quietly ./packaging/build.sh
    step "packaging" run_pytest tests/packaging
}

run_bench() {
    step "build: release" build release
    step "bench" ./tests/bench/bench
}

is_long() { [[ ${#pytest_options[@]} -gt 0 ]]; }

configure() { quietly cmake --preset "$1"; }

build() {
    configure "$1" && quietly cmake --build --preset "$1" -j "$jobs"
}

# clang-format knows nothing of git: what is not ours (build/) is left out.
our_sources() { git ls-files --cached --others --exclude-standard '*.h' '*.cpp'; }

check_format() { our_sources | xargs clang-format-19 --dry-run -Werror; }

shellcheck_all() {
    git ls-files --cached --others --exclude-standard '*.sh' .ci/run tests/fuzz/run 'packaging/*/deb/p*' packaging/docker/collect |
        xargs shellcheck
    git ls-files --cached --others --exclude-standard 'packaging/*/rpm/*' | xargs shellcheck -s sh
}

run_pytest() { "$python" -m pytest -q -p no:cacheprovider --durations=8 "$@"; }

# A build's output is read only when it failed.
quietly() {
    local log
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        rm -f "$log"
    else
        cat "$log"
        rm -f "$log"
        return 1
    fi
}

# Runs one step and notes how it ended; the others still run, so that one failure does not hide another.
step() {
    local name=$1 begin=$SECONDS verdict=ok
    shift
    printf '\n=== %s\n' "$name"
    "$@" || verdict=FAILED
    [[ $verdict == ok ]] || failed=$((failed + 1))
    results+=("$(printf '%-6s %5d s  %s' "$verdict" $((SECONDS - begin)) "$name")")
}

conclude() {
    printf '\n=== totals\n'
    printf '%s\n' "${results[@]}"
    if [[ $failed -gt 0 ]]; then
        printf '%d of %d steps FAILED, %d s\n' "$failed" "${#results[@]}" "$SECONDS"
        exit 1
    fi
    printf 'all %d steps passed, %d s\n' "${#results[@]}" "$SECONDS"
}

main "$@"
