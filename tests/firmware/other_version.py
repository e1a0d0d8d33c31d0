"""The application of this tree under another version, as a later release would be."""

import hashlib
import json
import re

from compiled import ROOT

from wxlink.flash import app
from wxlink.flash.mpy import compile_source

VERSION = (ROOT / "firmware" / "module" / "version.py").read_text("utf-8")


def other_version(version: str, **changed: str) -> app.Application:
    """The application as `version`; `changed` are sources of the package `module`."""
    made = app.build()
    slot = dict(made.slot)
    changed["version"] = re.sub(r'SOFTWARE = "\w+"', f'SOFTWARE = "{version}"', VERSION)
    for name, source in changed.items():
        slot[f"module/{name}.mpy"] = compile_source(f"module/{name}.py", source)
    del slot["manifest.json"]
    hashes = {path: hashlib.sha256(data).hexdigest() for path, data in sorted(slot.items())}
    slot["manifest.json"] = json.dumps({"version": version, "files": hashes}).encode()
    return app.Application(version, slot, made.root, {})
