"""Files in the encodings that hosts have, while they are written: what arrives is UTF-8."""

import pytest

from support.agent import pipeline
from support.wait import wait_until

LINES = [f"第 {n} 行: 你好, 世界 {'x' * (n % 50)}" for n in range(200)]
LATIN = [f"ligne {n}: déjà vu, ça alors {'é' * (n % 50)}" for n in range(200)]


def follow(agent, log, arrived, **source):
    agent.configure(pipeline("p", log, {"type": "file", "path": str(arrived.path)}, **source)).start()


def write_in_chunks(log, data, size=61):
    """Each cuts characters; the agent looks in between."""
    with open(log, "ab", buffering=0) as file:
        for at in range(0, len(data), size):
            file.write(data[at:at + size])  # fmt: skip


@pytest.mark.parametrize(
    "encoding, codec, lines",
    [
        ("gbk", "gbk", LINES),
        ("gb18030", "gb18030", [*LINES, "🎉"]),
        ("utf-16le", "utf-16-le", [*LINES, "🎉", "\u0a0a\u0d0a"]),
        ("utf-16be", "utf-16-be", [*LINES, "🎉", "\u0a0a\u0d0a"]),
        ("latin1", "latin-1", LATIN),
        ("auto", "utf-16", LINES),
        ("auto", "utf-8-sig", LINES),
        ("auto", "utf-8", LINES),
    ],
)
def test_what_arrives_is_utf_8(agent, log, arrived, encoding, codec, lines):
    data = ("\n".join(lines) + "\n").encode(codec)
    follow(agent, log, arrived, encoding=encoding)
    write_in_chunks(log, data)
    wait_until(lambda: len(arrived()) >= len(lines), "all lines to arrive")
    agent.stop()
    assert arrived() == lines
    (checkpoint,) = agent.checkpoints()
    assert checkpoint["offset"] == len(data), "of the file's bytes"


def test_what_is_no_character_is_replaced_and_counted(agent, log, arrived):
    follow(agent, log, arrived, encoding="gbk")
    log.write_bytes(b"good\n\xff\xff\n" + "再见\n".encode("gbk"))
    wait_until(lambda: len(arrived()) == 3, "the lines to arrive")
    assert arrived() == ["good", "\ufffd\ufffd", "再见"]
    assert agent.metric("decode_errors_total") == 1
    assert "lines cannot be decoded" in agent.log_text() and "再见" not in agent.log_text()


def test_invalid_utf_8_passes_or_is_replaced_as_the_source_says(agent, log, tmp_path):
    sinks = [{"type": "file", "path": str(tmp_path / name)} for name in ("kept", "replaced")]
    agent.configure(
        pipeline("kept", log, sinks[0]), pipeline("replaced", log, sinks[1], invalid_bytes="replace")
    ).start()
    log.write_bytes(b"a\xff\n")
    wait_until(lambda: agent.metric("records_acked_total") == 2, "both to arrive")
    assert (tmp_path / "kept").read_bytes() == b"a\xff\n"
    assert (tmp_path / "replaced").read_bytes().decode() == "a\ufffd\n"
    assert agent.metric("decode_errors_total", pipeline="kept") == 0
    assert agent.metric("decode_errors_total", pipeline="replaced") == 1


def test_a_restart_in_the_midst_of_a_file_knows_its_encoding(agent, log, arrived):
    follow(agent, log, arrived, encoding="auto")
    data = ("\n".join(LINES) + "\n").encode("utf-16")
    half = len(data) // 2 + 1
    write_in_chunks(log, data[:half])
    wait_until(lambda: len(arrived()) > 50, "some lines to arrive")
    agent.kill()
    write_in_chunks(log, data[half:])
    agent.start()
    wait_until(lambda: arrived() and arrived()[-1] == LINES[-1], "the last line to arrive")
    assert set(arrived()) == set(LINES)
