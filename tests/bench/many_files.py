"""What many files cost while nothing is written to them, and how fairly they are read when all of them are."""

import pathlib
import resource
import signal
import statistics
import subprocess
import time

from support.agent import Agent, cpu_seconds, open_paths, pipeline
from support.wait import wait_until

IDLE_FILES, IDLE_SECONDS = 10_000, 20
START_SECONDS = 13  # then the start is over: idle files are closed after 10 s
# rsyslog holds two descriptors for each file; more than the hard limit there cannot be.
RSYSLOG_FILES = min(IDLE_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 100)
BUSY_FILES, BUSY_BYTES = 1_000, 1 << 20
LINE = b"x" * 199 + b"\n"


def idle(bench):
    print(f"\n| {IDLE_FILES:,} idle files | followed after s | after a restart s | resident MiB | CPU % of a core |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for who, measure in {f"rsyslog, {RSYSLOG_FILES:,} files": _idle_rsyslog, "venus-agent": _idle_agent}.items():
        figures = [measure(bench) for _ in range(bench.runs)]
        first, again, resident, cpu = (statistics.median(column) for column in zip(*figures))
        goals = (" (< 1)", " (≤ 60)", " (≤ 1)") if who == "venus-agent" else ("", "", "")
        print(f"| {who} | {first:.2f}{goals[0]} | {again:.2f}{goals[0]} | {resident:.0f}{goals[1]} | {cpu:.2f}{goals[2]} |",
              flush=True)  # fmt: skip


def _idle_agent(bench):
    logs, agent = _files(bench, IDLE_FILES, len(LINE)), Agent(bench.fresh_folder())
    agent.configure(pipeline("p", logs / "*.log", {"type": "blackhole"}))

    def start():
        begin = time.monotonic()
        agent.start()
        wait_until(lambda: agent.metric("files_open") == IDLE_FILES, "all files to be followed", every=0.02)
        return time.monotonic() - begin

    first = start()
    agent.stop()
    again = start()
    cpu, resident = _at_rest(agent.process.pid)
    agent.stop()
    return first, again, resident, cpu


def _idle_rsyslog(bench):
    logs, folder = _files(bench, RSYSLOG_FILES, len(LINE)), bench.fresh_folder()
    folder.mkdir()
    out = folder / "out"
    config = folder / "rsyslog.conf"
    config.write_text(f"""\
global(workDirectory="{folder}")
module(load="imfile" mode="inotify")
input(type="imfile" File="{logs}/*.log" Tag="t" ruleset="out")
template(name="line" type="string" string="%msg%\\n")
ruleset(name="out") {{ action(type="omfile" file="{out}" template="line") }}
""")

    def start(lines):
        begin = time.monotonic()
        process = subprocess.Popen(
            ["rsyslogd", "-n", "-f", config, "-i", folder / "pid"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(
            lambda: len(open_paths(process.pid)) >= RSYSLOG_FILES and out.exists() and out.stat().st_size >= lines * len(LINE),
            "all files to be followed", 120, every=0.02,
        )  # fmt: skip
        return process, time.monotonic() - begin

    process, first = start(RSYSLOG_FILES)
    _end(process)
    process, again = start(RSYSLOG_FILES)
    cpu, resident = _at_rest(process.pid)
    _end(process)
    return first, again, resident, cpu


def fairness(bench):
    print(f"\n| {BUSY_FILES:,} files of {BUSY_BYTES >> 20} MiB at once | median file read after s | slowest ÷ median |")
    print("| --- | ---: | ---: |")
    figures = [_fairness_once(bench) for _ in range(bench.runs)]
    median, ratio = (statistics.median(column) for column in zip(*figures))
    print(f"| venus-agent | {median:.2f} | {ratio:.2f} (≤ 2) |", flush=True)


def _fairness_once(bench):
    """All files grow while the agent is asleep, so that all of them are behind when it wakes."""
    logs, agent = _files(bench, BUSY_FILES, 0), Agent(bench.fresh_folder())
    agent.configure(pipeline("p", logs / "*.log", {"type": "blackhole"})).start()
    wait_until(lambda: agent.metric("files_open") == BUSY_FILES, "all files to be followed")
    agent.process.send_signal(signal.SIGSTOP)
    for log in logs.iterdir():
        log.write_bytes(LINE * (BUSY_BYTES // len(LINE)))
    agent.process.send_signal(signal.SIGCONT)
    begin, read_after = time.monotonic(), {}
    while len(read_after) < BUSY_FILES:
        files = agent.status()["pipelines"][0]["files"]
        now = time.monotonic() - begin
        for file in files:
            if file["size"] > 0 and file["lag"] == 0:
                read_after.setdefault(file["path"], now)
    agent.stop()
    median = statistics.median(read_after.values())
    return median, max(read_after.values()) / median


def _files(bench, count, size):
    logs = bench.fresh_folder()
    logs.mkdir()
    for number in range(count):
        (logs / f"{number:05}.log").write_bytes(LINE * (size // len(LINE)))
    return logs


def _at_rest(pid):
    """CPU % of a core over IDLE_SECONDS, and resident MiB at their end."""
    time.sleep(START_SECONDS)
    before, begin = cpu_seconds(pid), time.monotonic()
    time.sleep(IDLE_SECONDS)
    cpu = (cpu_seconds(pid) - before) / (time.monotonic() - begin) * 100
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return cpu, resident / 1024


def _end(process):
    process.terminate()
    process.wait(60)
