"""One kind of software, once: asks the relay for it, fetches it, and puts it where it is to run from.

Loaded for each such pass and dropped after it.
"""

import asyncio
import os
import sys
from collections import namedtuple

from module import version
from module.console import say
from module.loading import drop
from module.manifest import MCU, MODULE
from wxproto.errors import PeerError

TELL_EVERY = 25  # percent between two messages of progress: reports of the MCU have the queue for themselves
KNOWN = {MODULE: "module", MCU: "MCU"}
RESERVE = (
    64 * 1024
)  # bytes that stay free beside the file: settings, reports, and the old slot is still there
RESTART_MS = 2000  # from "installed" to the restart: the broker has the message by then
PATH = "/dev/ota/v4.1/update_and_check/"
_OK = 200

Offer = namedtuple("Offer", ("kind", "version", "path", "is_hex", "size", "sha256"))
"""A manifest.Manifest that is checked, without the code that did it."""


async def look(update, kinds):
    """Take what the relay has of these kinds, as far as they are here; False to try one again soon."""
    done = True
    config = update.config
    for kind in (MODULE, MCU):
        here = update.in_slot
        if kind == MCU:
            here = update.info is not None and not config.product and not config.mcu_image
        if here and kind in kinds and not await _serve(update, kind):
            done = False
    return done


async def _serve(update, kind):
    """Take what the relay has of `kind`, if it is higher; True when that is done, False to try again soon."""
    wanted = ""
    try:
        text, where = await _ask(update, kind)
        if text is None:
            return True
        offered, refusal = _read(update, kind, text)
        wanted = offered.version
        if refusal:
            raise PeerError(refusal)
        found = _remembered(update)
        if found["refused"].get(str(kind)) == wanted:
            say("update", f"{KNOWN[kind]} {wanted} failed here before: it is left alone")
        elif kind == MODULE:
            await _take_module(update, where, offered)
        elif found["mcu"] is None or found["mcu"]["sha256"] != offered.sha256:
            await _take_mcu(update, where, offered, found)
    except PeerError as error:
        update.tell(kind, wanted, "failed", 0, str(error))
    except (OSError, ValueError, MemoryError) as error:  # ValueError: what TLS raises
        say("update", f"{KNOWN[kind]}: {error or type(error).__name__}; later")
        return False
    return True


def _remembered(update):
    """The journal, without the code that keeps it."""
    from module import journal  # noqa: PLC0415 - here and below: dropped after use

    found = journal.load(update.config.data)
    del journal
    drop("journal")
    return found


async def _ask(update, kind):
    """The text of what the relay offers or None, and where the relay is, for stream.connect()."""
    relay = update.uplink.relay()
    from module import registration  # noqa: PLC0415 - loaded already, by the relay

    hardware, software = _versions(update, kind)
    form = registration.encode_form(
        (
            ("passcode", update.settings.passcode),
            ("type", str(kind)),
            ("hard_version", hardware),
            ("soft_version", software),
            ("manifest", "1"),
        )
    )
    try:
        status, text = await relay.exchange("POST", PATH + update.settings.did, form)
    except PeerError as error:
        raise OSError(str(error)) from None
    del registration
    drop("registration")
    return (text if status == _OK else None), relay.where


def _read(update, kind, text):
    """The Offer in that text, and why it is refused or None; PeerError when it is none."""
    from module import manifest  # noqa: PLC0415 - dropped after use

    offered = None
    try:
        found = manifest.Manifest(kind, text)
        offered = Offer(found.kind, found.version, found.path, found.is_hex, found.size, found.sha256)
        found.check(update.settings.did, update.settings.update_key, _versions(update, kind)[1])
    except manifest.Refused as error:
        if offered is None:
            raise
        return offered, str(error)
    finally:
        del manifest
        drop("manifest")
    return offered, None


def _versions(update, kind):
    """(hardware, software) version of what is here."""
    if kind == MODULE:
        return version.HARDWARE, version.SOFTWARE
    return update.info.hardware_version, update.info.software_version


async def _fetch(update, where, offered):
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
    await download.Download(where, offered, part, show, timeout_ms).fetch()
    update.tell(offered.kind, offered.version, "verifying", 100)
    return part


async def _take_module(update, where, offered):
    path = await _fetch(update, where, offered)
    drop("download")  # a third of the work at a time: heap is scarce
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
    drop("install", "archive")
    from module import slots  # noqa: PLC0415 - see above

    slots.move(update.port.slot_store(), slots.BEGUN)
    os.remove(path)
    update.tell(offered.kind, offered.version, "installed", 100)
    update.on_restart(RESTART_MS)
    await asyncio.Event().wait()  # the restart ends it: another look would write to the new slot


async def _take_mcu(update, where, offered, found):
    path = await _fetch(update, where, offered)
    folder = update.config.data
    drop("download")
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
