"""Files that somebody else writes to."""


def whole_lines(path):
    """Its lines, but for one that is being written; none of a file that is not there yet."""
    text = path.read_bytes() if path.exists() else b""
    return text[: text.rfind(b"\n") + 1].decode().splitlines()
