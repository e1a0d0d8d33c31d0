"""Software that the relay has offered: fetched, and put where it is to run from.

Loaded for each offer and dropped after it.
"""

import asyncio
import os
import sys

from module.console import say
from module.loading import drop
from module.manifest import MODULE
from wxproto.errors import PeerError

TELL_EVERY = 25  # percent between two messages of progress: reports of the MCU have the queue for themselves
RESERVE = (
    64 * 1024
)  # bytes that stay free beside the file: settings, reports, and the old slot is still there
RESTART_MS = 2000  # from "installed" to the restart: the broker has the message by then


async def take(update, offered):
    """Fetch an Offer and put it where it is to run from, if it did not fail here before.

    PeerError when it cannot be taken; OSError, ValueError (TLS), MemoryError when it may be later.
    """
    found = _remembered(update)
    if found["refused"].get(str(offered.kind)) == offered.version:
        known = "module" if offered.kind == MODULE else "MCU"
        say("update", f"{known} {offered.version} failed here before: it is left alone")
    elif offered.kind == MODULE:
        await _take_module(update, offered)
    elif found["mcu"] is None or found["mcu"]["sha256"] != offered.sha256:
        await _take_mcu(update, offered, found)


def _remembered(update):
    """The journal, without the code that keeps it."""
    from module import journal  # noqa: PLC0415 - here and below: dropped after use

    found = journal.load(update.config.data)
    del journal
    drop("module.journal")
    return found


async def _fetch(update, offered):
    """Have the file whole and checked; returns its path."""
    folder = update.config.data
    name = f"{offered.sha256[:16]}.part"
    for other in os.listdir(folder):
        if other.endswith(".part") and other != name:
            os.remove(folder + "/" + other)
    told = [-TELL_EVERY]

    def show(have):
        percent = have * 100 // offered.size
        if percent >= told[0] + TELL_EVERY and percent < 100:
            told[0] = percent
            update.tell(offered.kind, offered.version, "downloading", percent)

    info = os.statvfs(folder)
    if info[0] * info[3] < offered.size + RESERVE:
        raise PeerError(f"no space for its {offered.size // 1024} KB")
    from module import download  # noqa: PLC0415 - dropped before the file is unpacked

    part = folder + "/" + name
    timeout_ms = int(update.config.connect_timeout_s * 1000)
    await download.Download(offered.where, offered, part, show, timeout_ms).fetch()
    update.tell(offered.kind, offered.version, "verifying", 100)
    return part


async def _take_module(update, offered):
    path = await _fetch(update, offered)
    drop("module.download")  # a third of the work at a time: heap is scarce
    from module import install  # noqa: PLC0415 - see above

    update.tell(offered.kind, offered.version, "installing", 0)
    try:
        await install.install(path, "/b" if sys.path[0] == "/a" else "/a", offered.version)
    except PeerError as error:
        os.remove(path)
        if not isinstance(error, install.NoSpace):  # the next try would end as this one
            from module import journal  # noqa: PLC0415 - see above

            journal.refuse(update.config.data, offered.kind, offered.version)
        raise
    install = None
    drop("module.install", "module.archive", "module.slot_manifest")
    from module import slots  # noqa: PLC0415 - see above

    slots.move(update.port.slot_store(), slots.BEGUN)
    os.remove(path)
    update.tell(offered.kind, offered.version, "installed", 100)
    update.on_restart(RESTART_MS)
    await asyncio.Event().wait()  # the restart ends it: another look would write to the new slot


async def _take_mcu(update, offered, found):
    path = await _fetch(update, offered)
    folder = update.config.data
    drop("module.download")
    from module import journal  # noqa: PLC0415 - see above

    if update.mcu is not None:
        update.mcu.withdraw()
        update.mcu = None
    found["mcu"] = None
    journal.save(folder, found)  # while the image changes it has no name
    os.rename(path, folder + journal.IMAGE)
    found["mcu"] = {"version": offered.version, "sha256": offered.sha256, "hex": offered.is_hex, "tries": 0}
    journal.save(folder, found)
    update.has_image = True
