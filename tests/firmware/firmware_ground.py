"""One module program with everything around it, and the topics on which it speaks."""

import json
from pathlib import Path

from firmware_bench import MicroPython, module_config
from firmware_brokers import Mosquitto, Watcher
from firmware_rig import Mcu, Registrar

from wxproto import envelope

MAC = "020000000001"
DID = "did0000000000000000001"
UP = f"dev2app/{DID}"
ONLINE = f"{UP}/online"
APP = "usr00000000000000000001"
ALONE = str(Path(__file__).with_name("uplink_client.py"))
DOWN = f"app2dev/{DID}/{APP}"


class Bench:
    """One module with its MCU, registration server and watcher."""

    def __init__(
        self, folder: Path, broker: Mosquitto, mcu: Mcu, registrar: Registrar, watcher: Watcher
    ) -> None:
        self.folder = folder
        self.broker = broker
        self.mcu = mcu
        self.registrar = registrar
        self.watcher = watcher

    def module(self, heap: str = "256K", **changes: object) -> MicroPython:
        """The program, with short intervals; `changes` replace keys of the configuration."""
        keys = {"tty": self.mcu.tty, "relay": self.registrar.url, "mac": MAC, **changes}
        return MicroPython(*module_config(self.folder, **keys), heap=heap)

    def presence(self) -> list[str]:
        """The "1" and "0" of the presence messages so far."""
        return [text[0] for text in self.watcher.texts(ONLINE)]

    def reports(self) -> list[bytes]:
        """P0 of the reports so far."""
        return [e.p0 for e in self.watcher.envelopes(UP) if e.cmd == envelope.REPORT]


def alone(bench: Bench, **changes: object) -> MicroPython:
    """The uplink without a serial line."""
    keys = {
        "tty": "/dev/null",
        "relay": bench.registrar.url,
        "data": str(bench.folder / "alone"),
        "mac": MAC,
        "backoff_s": 0.05,
        "backoff_cap_s": 0.1,
        **changes,
    }
    config = bench.folder / "alone.json"  # MicroPython takes no argument of more than 255 bytes
    config.write_text(json.dumps(keys))
    return MicroPython(ALONE, str(config))
