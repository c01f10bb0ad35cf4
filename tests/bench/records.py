"""What shaping records costs: the agent into `blackhole`, each case beside reading and splitting alone."""

import random
import signal
import statistics

from support.agent import Agent
from support.wait import wait_until
from usage import reap

LOG_BYTES = 300_000_000  # stays in the page cache
PATTERN_LINES = 4096  # made at random, then again and again
BLACKHOLE = {"type": "blackhole"}
FIELDS = {"type": "blackhole", "encoding": "fields"}
WORDS = "order user payment cache request session timeout retry node shard commit offset topic".split()


def plain_line(r):
    return f"2026-11-28 17:{r.randrange(60):02}:{r.randrange(60):02},113 INFO  [worker-{r.randrange(16)}] com.example.Service - " + (
        " ".join(r.choice(WORDS) for _ in range(18))
    )


def nginx_line(r):
    return (
        f'10.{r.randrange(256)}.{r.randrange(256)}.7 - - [28/Nov/2026:17:{r.randrange(60):02}:{r.randrange(60):02} +0000] '
        f'"GET /api/v1/{r.choice(WORDS)}/{r.randrange(10**6)}?page={r.randrange(9)} HTTP/1.1" {r.choice((200, 200, 304, 404))} '
        f'{r.randrange(10**5)} "https://www.example.com/{r.choice(WORDS)}" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0"'
    )


def json_line(r):
    return (
        f'{{"ts":"2026-11-28T17:{r.randrange(60):02}:01.113Z","level":"info","msg":"{r.choice(WORDS)} {r.choice(WORDS)}",'
        f'"user":{{"id":{r.randrange(10**6)},"name":"u{r.randrange(1000)}"}},"http":{{"method":"GET","status":200,'
        f'"path":"/api/{r.choice(WORDS)}","ms":{r.randrange(999)}.25}},"tags":["a","b"],"ok":true}}'
    )


def java_record(r):
    if r.randrange(8):
        return plain_line(r)
    trace = "\n".join(f"\tat com.example.{r.choice(WORDS)}.Handler.run(Handler.java:{r.randrange(999)})" for _ in range(24))
    return f"{plain_line(r)}\njava.lang.IllegalStateException: {r.choice(WORDS)}\n{trace}"


def cri_line(r):
    stamp = f"2026-11-28T17:{r.randrange(60):02}:{r.randrange(60):02}.{r.randrange(10**9):09}Z"
    return f"{stamp} {r.choice(('stdout', 'stderr'))} F {plain_line(r)}"


def docker_line(r):
    stamp = f"2026-11-28T17:{r.randrange(60):02}:{r.randrange(60):02}.{r.randrange(10**9):09}Z"
    text = f'level=info msg=\\"{plain_line(r)}\\"'
    return f'{{"log":"{text}\\n","stream":"{r.choice(("stdout", "stderr"))}","time":"{stamp}"}}'


CONTAINER = {"type": "container"}

# name, what makes its lines, the source's keys, processors, the sink, the goal in MB/s of one core
CASES = [
    ("lines alone", plain_line, {}, [], BLACKHOLE, 1000),
    ("filter, a pattern with a literal", plain_line, {}, [{"type": "filter", "exclude": r"healthcheck \d+"}], BLACKHOLE, 800),
    ("multi-line, an anchored start", java_record, {"multiline": {"start": r"^\d{4}-\d{2}-"}}, [], BLACKHOLE, 350),
    ("multi-line, preset java", java_record, {"multiline": {"preset": "java"}}, [], BLACKHOLE, 350),
    ("containers, CRI", cri_line, CONTAINER, [], BLACKHOLE, None),
    ("containers, Docker", docker_line, CONTAINER, [], BLACKHOLE, None),
    ("encoding gbk, of ASCII", plain_line, {"encoding": "gbk"}, [], BLACKHOLE, None),
    ("parse json → fields", json_line, {}, [{"type": "parse", "format": "json"}], FIELDS, 250),
    ("parse nginx → fields", nginx_line, {}, [{"type": "parse", "format": "nginx"}], FIELDS, 300),
    ("redact e-mail addresses", plain_line, {}, [{"type": "redact", "preset": "email"}], BLACKHOLE, None),
    ("redact card numbers", nginx_line, {}, [{"type": "redact", "preset": "card"}], BLACKHOLE, None),
    ("sample by chance", plain_line, {}, [{"type": "sample", "rate": 0.1}], BLACKHOLE, None),
    ("json envelope", plain_line, {}, [], {"type": "blackhole", "encoding": "json"}, None),
]


def records(bench):
    print("\n| records, into blackhole | MB/s of one core | × lines alone | goal MB/s | peak MiB |")
    print("| --- | ---: | ---: | ---: | ---: |")
    alone = None
    for name, make, source, processors, sink, goal in CASES:
        log = write_log(bench.folder / "records.log", make)
        runs = [run(bench, log, source, processors, sink) for _ in range(bench.runs)]
        speed, peak = (statistics.median(column) for column in zip(*runs))
        alone = alone or speed
        goal = f"≥ {goal}" if goal else ""
        print(f"| {name} | {speed:,.0f} | {speed / alone:.2f} | {goal} | {peak:.0f} |", flush=True)
        log.unlink()


def write_log(path, make):
    r = random.Random(1)
    block = "".join(make(r) + "\n" for _ in range(PATTERN_LINES)).encode()
    with open(path, "wb") as log:
        for _ in range(LOG_BYTES // len(block)):
            log.write(block)
    return path


def run(bench, log, source, processors, sink):
    """MB a second of CPU time, user and sys, from start to end; MiB."""
    agent = Agent(bench.fresh_folder())
    table = {"name": "p", "source": {"include": [str(log)], **source}, "processors": processors, "sink": sink}
    agent.configure(table).start()
    size = log.stat().st_size
    done = lambda: agent.status()["pipelines"][0]["bytes"]["seen"] >= size and agent.metric("file_lag_bytes") == 0  # noqa: E731
    wait_until(done, "the agent to finish", 300, every=0.1)
    agent.process.send_signal(signal.SIGTERM)
    rusage = reap(agent.process)
    return size / 1e6 / (rusage.ru_utime + rusage.ru_stime), rusage.ru_maxrss / 1024
