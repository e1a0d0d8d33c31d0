"""What time it is for the MCU: the port's clock, trusted once a server was reached, and the time zone."""

from module.loading import rare

MAX_OFFSET_S = 14 * 3600  # the easternmost time zone; the westernmost is UTC-12
MAX_DECIMALS = 2  # digits of a fraction of an hour; zones go by quarters


class Clock:
    """`trust()` says that the port's clock is right; before that the time is unknown and told as zeros."""

    def __init__(self, port):
        self._port = port
        self._trusted = False
        self._offset_s = None

    def trust(self):
        """A server was reached, so the clock was set."""
        self._trusted = True

    @rare
    def use_zone(self, text):
        """Take a time zone such as "8", "UTC-3:30" or "+5.5"; False when it names none that is known here."""
        offset_s = parse_zone(text)
        if offset_s is None:
            return False
        self._offset_s = offset_s
        return True

    @rare
    def now(self):
        """The NetworkTime of now, all zeros while unknown."""
        from wxproto import network_time  # noqa: PLC0415 - many an MCU never asks

        if not self._trusted:
            return network_time.NetworkTime()
        offset_s = network_time.DEFAULT_OFFSET_S if self._offset_s is None else self._offset_s
        return network_time.NetworkTime.of(self._port.utc_s(), offset_s)


def parse_zone(text):
    """Seconds east of Greenwich that `text` names, None when it is no number of hours."""
    text = text.strip().upper()
    for prefix in ("UTC", "GMT"):
        if text.startswith(prefix):
            text = text[len(prefix) :]
    west = text.startswith("-")
    if west or text.startswith("+"):
        text = text[1:]
    hours, colon, minutes = text.partition(":")
    whole, _, part = hours.partition(".")
    if len(whole) not in (1, 2) or len(part) > MAX_DECIMALS or not _digits(whole + part):
        return None
    if colon and (part or len(minutes) != 2 or not _digits(minutes) or minutes > "59"):
        return None
    seconds = int(whole) * 3600 + int(part or 0) * 3600 // 10 ** len(part) + int(minutes or 0) * 60
    if seconds > MAX_OFFSET_S:
        return None
    return -seconds if west else seconds


def _digits(text):
    return text.encode().isdigit() or not text
