"""The image that is here for the MCU: handed over, counted, and removed when the MCU runs it or will not."""

from module import journal
from module.console import say
from module.manifest import MCU
from module.mcu_update import McuUpdate

TRIES = 3  # times an MCU has the whole image before its version is given up


def offer(update):
    """The McuUpdate that hands the image over, a new one if need be; None when there is no more to do."""
    config = update.config
    if config.mcu_image:
        path, wanted, tries, is_hex = config.mcu_image, config.mcu_version, 0, False
    else:
        path = config.data + journal.IMAGE
        found = journal.load(config.data)["mcu"]
        if found is None:  # the power went between image and journal
            journal.remove(path)
            return None
        wanted, tries, is_hex = found["version"], found["tries"], found["hex"]
    runs = update.info.software_version
    if runs == wanted:
        if not config.mcu_image:
            _forget(config.data)
            update.tell(MCU, wanted, "confirmed", 100)
        return None
    if tries >= TRIES:
        journal.refuse(config.data, MCU, wanted)
        update.tell(MCU, wanted, "rolled_back", 100, f"the MCU had it {tries} times and still runs {runs}")
        return None
    handing = update.mcu
    if handing is None:
        handing = McuUpdate(path, wanted, update.link, update.port.now_ms, update.follow, is_hex=is_hex)
    handing.begin(runs)
    return handing


def count(folder):
    """Keep that the MCU has the whole image once more."""
    try:
        found = journal.load(folder)
        if found["mcu"] is not None:
            found["mcu"]["tries"] += 1
            journal.save(folder, found)
    except OSError as error:
        say("update", f"this try is not counted: {error}")


def _forget(folder):
    found = journal.load(folder)
    found["mcu"] = None
    journal.save(folder, found)
    journal.remove(folder + journal.IMAGE)
