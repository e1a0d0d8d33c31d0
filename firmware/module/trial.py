"""After the start from a slot: proves a new version or gives it up, and tells of one that failed."""

import asyncio
import sys

from module.console import say
from module.loading import drop
from module.manifest import MODULE

_LONG_MS = 60_000  # the wait is ended by the connection


async def settle(update):
    """Bring the slot word in order; returns when the version that runs is the good one, on-line or not.

    A trial is confirmed after `confirm_s` on-line without a break, which takes Wi-Fi, relay, broker and MCU.
    After `trial_s` without that the module restarts; the boots of a trial are counted by boot.py.
    """
    trial, story = _look(update)
    if trial is not None:
        await _prove(update, trial)
    elif story is not None:
        await _tell(update, *story)


def _look(update):
    """(version on trial or None, (version, reason) of what was given up or None), without the code for it."""
    from module import slot_manifest, slots  # noqa: PLC0415 - not while a connection is made

    trial = story = None
    nvs = update.port.slot_store()
    word = slots.read(nvs)
    running = slots.running(sys.path)
    if word.state == slots.TRIAL and running != word.good:
        trial = slot_manifest.version_of(slots.SLOTS[running]) or "unknown"
    elif word.state == slots.TRIAL:
        word = slots.move(nvs, slots.GIVEN_UP)  # boot.py could not count it
    elif running != word.good:
        word = slots.move(nvs, slots.ADOPTED)
        say("update", f"{slots.SLOTS[1 - running]} is damaged: {slots.SLOTS[running]} is the good one now")
    if trial is None and word.reason:
        slot = slots.SLOTS[1 - word.good]
        version = slot_manifest.version_of(slot)
        reason = slots.REASONS[word.reason]
        if version is not None and word.reason != slots.DAMAGED:
            from module import journal  # noqa: PLC0415 - as above

            journal.refuse(update.config.data, MODULE, version)
        say("update", f"version {version or 'unknown'} in {slot} was given up: {reason}")
        story = version, reason
    slot_manifest = slots = journal = None
    drop("module.slot_manifest", "module.slots", "module.journal")
    return trial, story


async def _prove(update, version):
    started = update.port.now_ms()
    deadline = started + int(update.config.trial_s * 1000)
    confirm_ms = int(update.config.confirm_s * 1000)
    say("update", f"version {version} is on trial")
    while True:
        now = update.port.now_ms()
        due = deadline
        if update.online_since is not None:
            due = max(started, update.online_since) + confirm_ms
            if now >= due:
                from module import slots  # noqa: PLC0415 - as above

                slots.move(update.port.slot_store(), slots.CONFIRMED)
                update.tell(MODULE, version, "confirmed", 100)
                return
        elif now >= deadline:
            say("update", f"version {version} does not come on-line")
            update.on_restart(0)
            await asyncio.Event().wait()  # the restart ends it
        await update.sleep(due - now)


async def _tell(update, version, reason):
    while update.online_since is None:
        await update.sleep(_LONG_MS)
    update.tell(MODULE, version or "", "rolled_back", 100, reason)
    from module import slots  # noqa: PLC0415 - as above

    slots.move(update.port.slot_store(), slots.TOLD)
