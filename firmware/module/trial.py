"""After the start from a slot: proves a new version or gives it up, and tells of one that failed."""

import asyncio
import sys

from module import slot_manifest, slots
from module.console import say
from module.loading import drop
from module.manifest import MODULE

_LONG_MS = 60_000  # the wait is ended by the connection


async def settle(update):
    """Bring the slot word in order; returns when the version that runs is the good one, on-line or not.

    A trial is confirmed after `confirm_s` on-line without a break, which takes Wi-Fi, relay, broker and MCU.
    After `trial_s` without that the module restarts; the boots of a trial are counted by boot.py.
    """
    nvs = update.port.slot_store()
    word = slots.read(nvs)
    running = slots.running(sys.path)
    if word.state == slots.TRIAL:
        if running != word.good:
            await _prove(update, nvs, slot_manifest.version_of(slots.SLOTS[running]))
        else:
            word = slots.move(nvs, slots.GIVEN_UP)  # boot.py could not count it
    elif running != word.good:
        word = slots.move(nvs, slots.ADOPTED)
        say("update", f"{slots.SLOTS[1 - running]} is damaged: {slots.SLOTS[running]} is the good one now")
    if word.reason:
        await _tell(update, nvs, word)


async def _prove(update, nvs, version):
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
                slots.move(nvs, slots.CONFIRMED)
                update.tell(MODULE, version, "confirmed", 100)
                return
        elif now >= deadline:
            say("update", f"version {version} does not come on-line")
            update.on_restart(0)
            await asyncio.Event().wait()  # the restart ends it
        await update.sleep(due - now)


async def _tell(update, nvs, word):
    slot = slots.SLOTS[1 - word.good]
    version = slot_manifest.version_of(slot)
    if version is not None and word.reason != slots.DAMAGED:
        from module import journal  # noqa: PLC0415 - not while a connection is waited for

        journal.refuse(update.config.data, MODULE, version)
        del journal
        drop("module.journal")
    say("update", f"version {version or 'unknown'} in {slot} was given up: {slots.REASONS[word.reason]}")
    while update.online_since is None:
        await update.sleep(_LONG_MS)
    update.tell(MODULE, version or "", "rolled_back", 100, slots.REASONS[word.reason])
    slots.move(nvs, slots.TOLD)
