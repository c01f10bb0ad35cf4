"""Where the programs under test are."""

import os
import pathlib

TREE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("VENUS_BIN_DIR") or TREE / "build/release/bin")
AGENT = BIN / "venus-agent"
CENTER = BIN / "venus-center"
VENUSCTL = BIN / "venusctl"
SWARM = pathlib.Path(os.environ.get("VENUS_SWARM") or TREE / "build/release/bin/swarm")
JUDGE = pathlib.Path(os.environ.get("VENUS_JUDGE") or TREE / "build/release/bin/judge")
KAFKA = TREE / "tests/kafka/kafka"
