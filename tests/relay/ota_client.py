"""MicroPython: the module's own update code against a relay.

argv: port, did, passcode, kind, key, version that runs, file to fetch into. Prints what it has now.
"""

import asyncio
import sys

from module.download import Download
from module.manifest import Manifest
from module.relay_http import Relay, encode_form
from port import unix

TIMEOUT_MS = 20_000


async def main(arguments):
    port, did, passcode, kind, key, current, part = arguments
    relay = Relay("127.0.0.1", int(port), TIMEOUT_MS, unix)
    form = encode_form(
        (
            ("passcode", passcode),
            ("type", kind),
            ("hard_version", "00000001"),
            ("soft_version", current),
            ("manifest", "1"),
        )
    )
    status, text = await relay.exchange("POST", "/dev/ota/v4.1/update_and_check/" + did, form)
    if status != 200:
        print("nothing new")
        return
    manifest = Manifest(int(kind), text)
    manifest.check(did, key, current)
    await Download(relay.where, manifest, part, lambda _: None, TIMEOUT_MS).fetch()
    print(manifest.version)


asyncio.run(main(sys.argv[1:]))
