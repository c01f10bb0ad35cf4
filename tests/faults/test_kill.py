"""kill -9 at random instants while lines are written and files rotate: nothing is lost, and little comes twice."""

import os
import random
import time

from support.agent import kafka_sink, pipeline
from support.judge import Writer, consume

KILLS = 20
LINE_BYTES = 200


def test_twenty_kills_lose_nothing(kafka, topic, agent, logs):
    seed = int(os.environ.get("VENUS_SEED") or random.randrange(1 << 32))
    print(f"\nseed: VENUS_SEED={seed}")
    instants = random.Random(seed)
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
        unfinished += _bytes_beyond_checkpoints(agent, logs)
    agent.start()
    writer.stop()
    # What was read but not checkpointed lies beyond the checkpoints: nothing else may come twice.
    bound = unfinished // (LINE_BYTES + 1)
    verdict = consume(kafka.brokers, name, [writer], timeout=120, settle=3, allow_duplicates=bound, allow_reorder=True)
    print(f"{writer.lines} lines in {writer.files} files, {KILLS} kills: {verdict['duplicate']} duplicates (at most {bound})")
    assert verdict["missing"] == 0 and verdict["corrupt"] == 0 and verdict["out_of_order"] == 0, verdict
    assert verdict["duplicate"] <= bound
    agent.stop()


def _bytes_beyond_checkpoints(agent, logs):
    done = sum(checkpoint["offset"] for checkpoint in agent.checkpoints())
    return max(0, sum(path.stat().st_size for path in logs.iterdir()) - done)
