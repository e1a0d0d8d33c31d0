"""The files that these tests read."""

from pathlib import Path

PROTOCOL = Path(__file__).parents[2] / "protocol"
GOKIT = str(PROTOCOL / "products" / "gokit.json")
METER = str(PROTOCOL / "products" / "meter.json")
BOOK = PROTOCOL / "README.md"
VECTORS = PROTOCOL / "vectors" / "serial-frames.json"
