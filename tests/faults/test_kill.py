"""Ended at random instants while lines are written and files rotate: nothing is lost, and kill -9 repeats little."""

import time

from support.agent import kafka_sink, pipeline
from support.instants import random_instants
from support.judge import Writer, assert_perfect, consume, verify
from support.wait import wait_until

KILLS = 20
STOPS = 40
LINE_BYTES = 200


def test_twenty_kills_lose_nothing(kafka, topic, agent, logs):
    instants = random_instants()
    name = topic(3)
    agent.configure(
        pipeline("p", logs / "a.log*", kafka_sink(name)), brokers=kafka.brokers, memory_limit="8MiB"
    )
    writer = Writer(logs / "a.log", "a", rate=15_000, rotate_every=20_000, size=LINE_BYTES, torn=True)
    unfinished = 0
    for _ in range(KILLS):
        agent.start(wait=False)
        time.sleep(instants.uniform(0.05, 2.5))
        agent.kill()
        unfinished += agent.bytes_repeated_max(logs)
    agent.start()
    writer.stop()
    # What was read but not checkpointed lies beyond the checkpoints: nothing else may come twice.
    bound = unfinished // (LINE_BYTES + 1)
    verdict = consume(kafka.brokers, name, [writer], timeout=120, settle=3, allow_duplicates=bound, allow_reorder=True)
    print(f"{writer.lines} lines in {writer.files} files, {KILLS} kills: {verdict['duplicate']} duplicates (at most {bound})")
    assert verdict["missing"] == 0 and verdict["corrupt"] == 0 and verdict["out_of_order"] == 0, verdict
    assert verdict["duplicate"] <= bound
    agent.stop()


def test_a_sigterm_at_any_instant_of_the_start_ends_well(agent, logs, tmp_path):
    instants = random_instants()
    outs = [tmp_path / f"out-{n}" for n in range(3)]
    agent.configure(*(pipeline(out.name, logs / "*.log", {"type": "file", "path": str(out)}) for out in outs))
    writer = Writer(logs / "a.log", "a", rate=500)
    for _ in range(STOPS):
        already, word = len(agent.log_text()), instants.choice(["agent starts", "pipeline starts"])
        agent.start(wait=False)
        wait_until(lambda: word in agent.log_text()[already:], "the agent to start", every=0.001)
        time.sleep(instants.choice([0, instants.uniform(0, 0.02)]))
        agent.stop()
    writer.stop()
    agent.start()
    for out in outs:
        wait_until(lambda: out.exists() and out.read_bytes().count(b"\n") >= writer.lines, "all lines to arrive")
    agent.stop()
    for out in outs:
        assert_perfect(verify([out], [writer]))
