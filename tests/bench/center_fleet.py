"""A center with 10,000 agents: what they cost it, how fast it answers, how fast a change arrives."""

import statistics
import time

from support.agent import cpu_seconds
from support.center import Center
from support.swarm import Swarm
from support.wait import wait_until

AGENTS, INTERVAL_SECONDS, LOOK_SECONDS = 10_000, 5, 30


def fleet(bench):
    print(f"\n| {AGENTS:,} agents, a heartbeat each {INTERVAL_SECONDS} s | center CPU % of a core | KiB an agent | p50 ms | p99 ms |"
          " change with all after s | back after a restart s | errors meanwhile |")  # fmt: skip
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    figures = [_once(bench) for _ in range(bench.runs)]
    cpu, memory, p50, p99, change, back, errors = (statistics.median(column) for column in zip(*figures))
    print(f"| venus-center | {cpu:.1f} | {memory:.1f} | {p50:.1f} | {p99:.1f} | {change:.1f} (≤ {2 * INTERVAL_SECONDS}) "
          f"| {back:.1f} | {errors:.0f} |", flush=True)  # fmt: skip


def _once(bench):
    center = Center(bench.fresh_folder()).configure(heartbeat_interval=f"{INTERVAL_SECONDS}s").start()
    alone = _resident(center)
    try:
        with Swarm(center.endpoint, AGENTS, interval=INTERVAL_SECONDS * 1000) as swarm:
            _roll_out(center, swarm, "/var/log/a/*.log")
            cpu, begin = cpu_seconds(center.process.pid), len(swarm.seconds)
            time.sleep(LOOK_SECONDS)
            cpu = (cpu_seconds(center.process.pid) - cpu) / LOOK_SECONDS * 100
            looked = swarm.seconds[begin:]
            p50 = statistics.median(second["p50_ms"] for second in looked)
            p99 = statistics.median(second["p99_ms"] for second in looked)
            memory = (_resident(center) - alone) / AGENTS
            change = _roll_out(center, swarm, "/var/log/b/*.log")
            back, errors = _restart(center, swarm)
            return cpu, memory, p50, p99, change, back, errors
    finally:
        center.stop()


def _roll_out(center, swarm, include):
    """Seconds until everybody has it."""
    center.put_pipeline("app", include, {"type": "blackhole"})
    center.put_group("all", "app")
    before = set(swarm.now["running"])
    begin = time.monotonic()
    center.roll_out("all", wait=False)
    wait_until(
        lambda: (running := swarm.now["running"]) and len(running) == 1 and not before & set(running)
        and sum(running.values()) == AGENTS,
        "everybody to have the change", 120, every=0.1,
    )  # fmt: skip
    return time.monotonic() - begin


def _restart(center, swarm):
    """Seconds until all are back, and how many calls failed although it was up."""
    center.stop()
    time.sleep(1)
    center.start()
    begin, begin_entry = time.monotonic(), len(swarm.seconds) + 1  # the entry of this second has what failed before
    wait_until(lambda: sum(one["online"] for one in center.agents()) == AGENTS, "all to be back", 180, every=0.5)
    return time.monotonic() - begin, sum(second["errors"] for second in swarm.seconds[begin_entry:])


def _resident(center):
    """KiB."""
    with open(f"/proc/{center.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
