"""The application as the suite gives it to a unit: quick to try, and under other versions."""

import hashlib
import json

from wxlink.flash import app
from wxlink.flash.mpy import compile_source

SHORT = {
    "heartbeat_s": 1,
    "status_s": 5,
    "backoff_s": 0.2,
    "backoff_cap_s": 1,
    "confirm_s": 2,
    "trial_s": 120,
}
"""Keys of the configuration that make a bench quicker than a house."""


def release(version: str, *, broken: bool) -> bytes:
    """The application of this tree under another version, as the release file."""
    made = app.build()
    slot = dict(made.slot)
    changed = {"version": f'HARDWARE = "00000001"\nSOFTWARE = "{version}"\nBUILT = 1795219200\n'}
    if broken:
        changed["program"] = "def run_chip():\n    return 0\n"
    for name, source in changed.items():
        slot[f"module/{name}.mpy"] = compile_source(f"module/{name}.py", source)
    del slot["manifest.json"]
    hashes = {path: hashlib.sha256(data).hexdigest() for path, data in sorted(slot.items())}
    slot["manifest.json"] = json.dumps({"version": version, "files": hashes}).encode()
    return app.Application(version, slot, made.root, {}).bundle()
