#!/usr/bin/env bash
# Shows the main job on this machine: starts a center and an agent that enrols with it, rolls out a pipeline from the
# center, writes a live sample log, ships it, counts what arrives.
#
#   packaging/quickstart.sh [--kafka] [--seconds N]
#
#   --kafka        start a real Apache Kafka on loopback and ship there (default: into a file)
#   --seconds N    end by itself (default: at Ctrl-C)
#   BROKERS=h:p    ship to your Kafka instead
#
# Exit 0 only when every record that was written has arrived. Everything it starts and writes is gone afterwards.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly bin=$PWD/build/release/bin
readonly lines_a_second=500
readonly rotate_every=2500 # lines: the sample log is renamed and made anew every five seconds
readonly arrive_seconds=60 # how long the last records may take

with_kafka=no
seconds=0
ending=no
work=""
topic=""
writer=""
agent=""
center=""
agents_port=0
api_port=0

main() {
    parse_arguments "$@"
    prepare
    trap clean_up EXIT
    trap 'ending=yes' INT TERM
    work=$(mktemp -d -t venus-quickstart-XXXXXX)
    mkdir "$work/logs"
    if ships_to_kafka; then start_kafka; fi
    start_center
    start_agent
    roll_out
    start_writer
    show_progress
    conclude
}

parse_arguments() {
    while [[ $# -gt 0 ]]; do
        case "$1" in
            --kafka) with_kafka=yes ;;
            --seconds)
                seconds=${2:-}
                [[ $seconds =~ ^[0-9]+$ ]] || usage_error "--seconds wants a number, not '$seconds'"
                shift
                ;;
            -h | --help)
                sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
                exit 0
                ;;
            *) usage_error "unknown option '$1' (--kafka, --seconds N)" ;;
        esac
        shift
    done
}

usage_error() {
    echo "quickstart: $1" >&2
    exit 2
}

ships_to_kafka() { [[ $with_kafka == yes || -n ${BROKERS:-} ]]; }

prepare() {
    local purposes=(build)
    if ships_to_kafka; then purposes+=(kafka); fi
    ./packaging/install-deps.sh "${purposes[@]}"
    say "building agent and center (some minutes the first time)"
    quietly cmake --preset release
    quietly cmake --build --preset release --target venus-agent venus-center venusctl judge
}

start_kafka() {
    [[ -n ${BROKERS:-} ]] || say "starting Apache Kafka"
    BROKERS=$(./tests/kafka/kafka start --dir "$work/kafka" | sed -n 's/^BROKERS=//p')
    export BROKERS # from here on the script talks to this one
    topic=venus-quickstart-$$
    ./tests/kafka/kafka create-topic "$topic" 3
    say "Kafka is at $BROKERS, the topic is $topic"
}

# free_port FROM: the first port from there on that nobody listens on.
free_port() {
    local port=$1
    while (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    echo "$port"
}

start_center() {
    agents_port=$(free_port 4320)
    api_port=$(free_port $((agents_port + 1)))
    VENUS_CENTER=http://127.0.0.1:$api_port
    VENUS_TOKEN=$(head -c 24 /dev/urandom | base64 | tr -d '+/=')
    export VENUS_CENTER VENUS_TOKEN
    cat >"$work/center.toml" <<TOML
[center]
listen_agents = "127.0.0.1:$agents_port"
listen_api = "127.0.0.1:$api_port"
data_dir = "$work/center"
heartbeat_interval = "1s"

[auth]
admin_token = "\${env:VENUS_TOKEN}"
TOML
    setsid "$bin/venus-center" run --config "$work/center.toml" >"$work/center.log" 2>&1 &
    center=$!
    await center "$center" "$bin/venusctl" agents
    say "the center is at $VENUS_CENTER"
}

# await WHAT PID COMMAND...: until the command is content.
await() {
    local what=$1 pid=$2 tries
    shift 2
    for ((tries = 0; tries < 100; ++tries)); do
        "$@" >/dev/null 2>&1 && return
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    echo "quickstart: the $what does not run; its log:" >&2
    cat "$work/$what.log" >&2
    exit 1
}

# In sessions of their own: a Ctrl-C is for this script, which then ends them in the right order.
start_agent() {
    "$bin/venusctl" token create --kind enrolment --uses 1 >"$work/token" 2>/dev/null
    cat >"$work/agent.toml" <<TOML
[agent]
data_dir = "$work/data"
admin_socket = "$work/admin.sock"
metrics_listen = ""
labels = { app = "sample" }
allow_paths = ["$work/logs/**"]
allow_sink_paths = ["$work/**"]

[center]
endpoint = "http://127.0.0.1:$agents_port/v1/opamp"
token = "\${file:$work/token}"
heartbeat_interval = "1s"
probation = "2s"
TOML
    "$bin/venus-agent" check --config "$work/agent.toml" >/dev/null
    say "the agent's config, which names the center and no pipeline:"
    sed 's/^/    /' "$work/agent.toml"
    setsid "$bin/venus-agent" run --config "$work/agent.toml" >"$work/agent.log" 2>&1 &
    agent=$!
    await agent "$agent" status
}

# The pipeline comes from the center: files in a folder, put there and rolled out.
roll_out() {
    local sink="type = \"file\"
path = \"$work/arrived.log\""
    mkdir "$work/conf.d"
    if ships_to_kafka; then
        sink="type = \"kafka\"
cluster = \"main\"
topic = \"$topic\""
        cat >"$work/conf.d/clusters.toml" <<TOML
[clusters.main]
brokers = ["${BROKERS//,/\", \"}"]
properties = { "compression.type" = "lz4" }
TOML
    fi
    cat >"$work/conf.d/sample.toml" <<TOML
name = "sample"

[source]
type = "file"
include = ["$work/logs/*.log"]

[sink]
$sink
TOML
    cat >"$work/conf.d/groups.toml" <<TOML
[groups.samples]
selector = 'app = "sample"'
pipelines = ["sample"]
TOML
    say "venusctl apply -f conf.d; the pipeline in it:"
    sed 's/^/    /' "$work/conf.d/sample.toml"
    "$bin/venusctl" apply -f "$work/conf.d"
    await agent "$agent" enrolled
    say "venusctl rollout start samples --watch"
    "$bin/venusctl" rollout start samples --watch
    "$bin/venusctl" agents
}

# shellcheck disable=SC2317 # await calls it
enrolled() { "$bin/venusctl" agents --json | grep -q '"online":true'; }

start_writer() {
    setsid "$bin/judge" write --file "$work/logs/app.log" --writer app --rate "$lines_a_second" \
        --rotate-every "$rotate_every" --size 160 --manifest "$work/written.json" &
    writer=$!
    say "writing $lines_a_second lines a second into $work/logs/app.log, renamed and made anew now and then"
}

# 3 is "degraded", an answer too.
status() {
    local answer code=0
    answer=$("$bin/venus-agent" status --json --config "$work/agent.toml" 2>/dev/null) || code=$?
    [[ $code == 0 || $code == 3 ]] || return 1
    printf '%s' "$answer"
}

# field NAME JSON: its number; the sample pipeline is the only one.
field() { grep -o "\"$1\":[0-9]*" <<<"$2" | head -n 1 | cut -d: -f2; }

lines_written() { cat "$work"/logs/* 2>/dev/null | wc -l; }

latest_record() {
    if ships_to_kafka; then
        timeout 2 kcat -C -q -e -b "$BROKERS" -t "$topic" -o -1 -c 1 2>/dev/null || true
    else
        tail -n 1 "$work/arrived.log" 2>/dev/null || true
    fi
}

show_progress() {
    local answer every=5 line latest="" begin=$SECONDS shown=0
    if [[ -t 1 ]]; then every=1; fi
    while [[ $ending == no ]] && { [[ $seconds == 0 ]] || ((SECONDS - begin < seconds)); }; do
        kill -0 "$agent" 2>/dev/null || return 0 # conclude() says what is missing
        if ((SECONDS - begin >= shown)); then
            shown=$((SECONDS - begin + every))
            answer=$(status || true)
            latest=$(latest_record)
            line="written $(lines_written)  delivered $(field records_acked "$answer")  lag $(field lag_bytes "$answer") B"
            print_progress "$line  | $latest"
        fi
        sleep 0.2 || true
    done
    if [[ -t 1 ]]; then echo; fi
}

# On a terminal one line that changes, elsewhere one line after the other.
print_progress() {
    local width
    if [[ -t 1 ]]; then
        width=$(tput cols 2>/dev/null || echo 80)
        printf '\r\033[K%s' "${1:0:width-1}"
    else
        printf '%s\n' "${1:0:160}"
    fi
}

conclude() {
    trap '' INT TERM # the rest takes a second or two
    kill -TERM "$writer"
    wait "$writer" || true
    writer=""
    say "the writer has ended; waiting for the rest to arrive"
    local verdict=0
    judge_arrivals || verdict=$?
    if [[ $verdict == 0 ]]; then
        say "all $(lines_written) records have arrived, each once"
    else
        echo "quickstart: records are missing; the end of the agent's log:" >&2
        tail -n 30 "$work/agent.log" >&2
    fi
    what_next
    exit "$verdict"
}

judge_arrivals() {
    if ships_to_kafka; then
        "$bin/judge" consume --brokers "$BROKERS" --topic "$topic" --manifest "$work/written.json" \
            --timeout "$arrive_seconds" --settle 1
        return
    fi
    local deadline=$((SECONDS + arrive_seconds)) acked=0
    while ((SECONDS < deadline)); do
        acked=$(field records_acked "$(status || true)") || true
        [[ ${acked:-0} -lt $(lines_written) ]] || break
        sleep 0.2
    done
    stop_agent # what it still holds is written out
    "$bin/judge" verify --file "$work/arrived.log" --manifest "$work/written.json"
}

what_next() {
    cat <<TEXT

The programs are in $bin. Next:
  - write a config of your own; the README has a first one. Check it: venus-agent check --config FILE
  - run it: venus-agent run --config FILE, and look at it: venus-agent status --config FILE
  - run a center: venus-center run --config FILE, and speak to it with venusctl
  - ship to your Kafka: BROKERS=host:9092 ./packaging/quickstart.sh
  - run the tests: ./tests/run.sh
TEXT
}

stop_agent() {
    [[ -n $agent ]] || return 0
    kill -TERM "$agent" 2>/dev/null || true
    wait "$agent" || true
    agent=""
}

# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    trap '' INT TERM
    if [[ -n $writer ]]; then kill -TERM "$writer" 2>/dev/null || true; fi
    stop_agent
    if [[ -n $center ]]; then
        kill -TERM "$center" 2>/dev/null || true
        wait "$center" || true
    fi
    if [[ -n $topic ]]; then ./tests/kafka/kafka delete-topic "$topic" || true; fi
    if [[ -e $work/kafka ]]; then env -u BROKERS ./tests/kafka/kafka stop --dir "$work/kafka"; fi
    if [[ -n $work ]]; then rm -rf "$work"; fi
}

say() { printf '» %s\n' "$*"; }

quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        echo "quickstart: '$*' failed" >&2
        exit 1
    fi
    rm -f "$log"
}

main "$@"
