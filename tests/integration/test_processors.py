"""Processors and records of several lines, with the built binary: what arrives, `try`, `tap`, and a change on the way."""

import json
import subprocess

from support.agent import pipeline
from support.programs import AGENT
from support.wait import wait_until

JSON_LINE = '{{"level":"{level}","n":{n},"user":"u{n}@example.com"}}\n'
TRACE = """\
2026-11-28 17:04:02 ERROR order {n} failed
java.lang.IllegalStateException: cannot book
\tat com.example.OrderService.book(OrderService.java:41)
Caused by: java.io.IOException: disk
\t... 3 more
"""


def shaped(log, arrived, processors, **source):
    table = pipeline("p", log, {"type": "file", "path": str(arrived.path), "encoding": "fields"}, **source)
    return {**table, "processors": processors}


def append(log, text):
    with open(log, "a") as file:
        file.write(text)


def run(*arguments, **options):
    return subprocess.run([AGENT, *map(str, arguments)], capture_output=True, text=True, timeout=30, **options)


def test_records_are_parsed_filtered_masked_and_their_drops_counted(agent, log, arrived):
    processors = [
        {"type": "parse", "format": "json"},
        {"type": "filter", "name": "no-debug", "where": 'level != "debug"'},
        {"type": "redact", "preset": "email", "fields": ["user"]},
        {"type": "set", "fields": {"host": "{host}"}},
    ]
    agent.configure(shaped(log, arrived, processors), name="h").start()
    append(log, "".join(JSON_LINE.format(level=("debug", "info")[n % 2], n=n) for n in range(100)) + "no JSON\n")
    wait_until(lambda: agent.books("p")["read"] == 101 and agent.books("p")["lag"] == 0, "the lines to be delivered")
    records = [json.loads(line) for line in arrived()]
    assert records[:50] == [{"level": "info", "n": n, "user": "***", "host": "h"} for n in range(1, 100, 2)]
    assert records[50]["line"] == "no JSON" and records[50]["parse_error"]
    assert agent.metric("records_dropped_total", pipeline="p", processor="no-debug", reason="filtered") == 50
    books = agent.books("p")
    assert books["read"] == books["acked"] + books["dropped"] + books["failed"]


def test_a_reload_changes_processors_and_loses_and_repeats_nothing(agent, log, arrived):
    keep_all = [{"type": "parse", "format": "json"}, {"type": "keep", "fields": ["n"]}]
    agent.configure(shaped(log, arrived, keep_all)).start()
    for n in range(50):
        append(log, JSON_LINE.format(level="info", n=n))
    wait_until(lambda: len(arrived()) == 50, "the lines to arrive")
    agent.configure(shaped(log, arrived, [*keep_all, {"type": "filter", "where": "n >= 60"}])).reload()
    for n in range(50, 100):
        append(log, JSON_LINE.format(level="info", n=n))
    wait_until(lambda: len(arrived()) == 90, "the lines to arrive")
    assert [json.loads(line)["n"] for line in arrived()] == [*range(50), *range(60, 100)]


def test_stack_traces_are_one_record_over_rotations_and_kills(agent, log, arrived, tmp_path):
    sink = {"type": "file", "path": str(arrived.path), "encoding": "json"}
    agent.configure(pipeline("p", [log, f"{log}.1"], sink, multiline={"preset": "java"})).start()
    for n in range(60):
        lines = TRACE.format(n=n).splitlines(keepends=True)
        append(log, "".join(lines[:2]))
        if n % 20 == 10:
            agent.kill()
            agent.start()
        append(log, "".join(lines[2:]))
        if n == 35:
            log.rename(f"{log}.1")
    wait_until(lambda: agent.metric("file_lag_bytes") == 0, "the last record to be complete")
    records = {json.loads(line)["line"] for line in arrived()}  # a kill may repeat some
    assert records == {TRACE.format(n=n).rstrip("\n") for n in range(60)}


def test_try_shows_records_and_each_step(log, tmp_path):
    config = tmp_path / "agent.toml"
    config.write_text(
        f"[[pipelines]]\nname = 'p'\nsource.include = ['{log}']\nsource.multiline = {{ preset = 'java' }}\n"
        "sink.type = 'console'\nprocessors = [{ type = 'filter', name = 'no-info', exclude = 'INFO' }]\n"
    )
    text = "2026-11-28 17:04:01 INFO hello\n" + TRACE.format(n=1)
    log.write_text(text)
    for options in ({"args": [log]}, {"args": [], "input": text}):
        done = run("try", "--config", config, "--pipeline", "p", *options.pop("args"), **options)
        assert done.returncode == 0
        assert [json.loads(line)["line"] for line in done.stdout.splitlines()] == [TRACE.format(n=1).rstrip("\n")]
        assert "2 records, 1 kept, 1 dropped by no-info" in done.stderr
    traced = [json.loads(line) for line in run("try", "-c", config, "-p", "p", "--trace", log).stdout.splitlines()]
    assert traced[0]["processor"] == "no-info" and traced[0]["dropped"] == "filtered"
    assert traced[1]["before"] == traced[1]["after"]
    wrong = run("try", "-c", config, "-p", "q", log)
    assert wrong.returncode == 2 and "there are: p" in wrong.stderr


def test_tap_shows_what_passes_and_disturbs_nothing(agent, log, arrived):
    processors = [{"type": "parse", "format": "json"}, {"type": "filter", "where": "n >= 10"}]
    agent.configure(shaped(log, arrived, processors)).start()
    tap = subprocess.Popen(
        [AGENT, "tap", "p", "--limit", "5", "--config", agent.config], stdout=subprocess.PIPE, text=True
    )
    sent = 0

    def shown():
        nonlocal sent
        append(log, JSON_LINE.format(level="info", n=10 + sent))
        sent += 1
        return tap.poll() is not None

    wait_until(shown, "tap to end", every=0.05)
    assert tap.returncode == 0
    records = [json.loads(line) for line in tap.stdout.read().splitlines()]
    assert len(records) == 5 and all(record["path"] == str(log) for record in records)
    assert all(json.loads(record["record"])["level"] == "info" for record in records)
    wait_until(lambda: len(arrived()) == sent, "all to arrive")
    wrong = run("tap", "q", "--config", agent.config)
    assert wrong.returncode == 1 and 'no pipeline that runs is named "q"' in wrong.stderr
    agent.stop()
    assert run("tap", "p", "--config", agent.config).returncode == 1
