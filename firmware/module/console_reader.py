"""What comes in on the console: the line `selftest`, packets of Improv, and Ctrl-C.

On a chip Ctrl-C would end the program wherever it stands, and every command of Improv holds that byte. So it
is a byte like any other here, and ends the program where it is alone on a line. What serves a line or a
packet is loaded for it alone. A product that is sold serves the self-test only.
"""

import asyncio

from micropython import const

from module.loading import drop, rare

_POLL_MS = const(50)  # a chip keeps 260 bytes that nobody has read; a packet has 120 at most
_STALE_MS = const(1000)  # the rest of a packet that does not come was cut off
_MAX_WAITING = const(4)  # packets; a client sends one and waits
_CTRL_C = b"\3"  # alone on its line: the rest of a packet whose begin was lost may hold it too
_MAGIC = b"IMPROV"
_HEAD = const(9)  # bytes before the data of a packet; the last one is their number, a checksum follows them
_SELF_TEST = b"selftest"
_MAX_LINE = const(32)  # bytes


class ConsoleReader:
    """`on_network()` is called when Improv joined and stored a network. link: of the MCU, or None."""

    def __init__(self, port, wifi, settings, *, on_network, link=None, production=False):
        self._port = port
        self._wifi = wifi
        self._settings = settings
        self._on_network = on_network
        self._link = link
        self._production = production
        self._data = b""
        self._task = None  # what is being served; one thing at a time
        self._waiting = []  # packets that came meanwhile

    async def run(self):
        """Serve for ever. Raises KeyboardInterrupt."""
        port = self._port
        port.no_interrupt()
        since = 0
        while True:
            data = port.console_read()
            if not self._data.startswith(_MAGIC):
                since = port.now_ms()
            elif port.now_ms() - since > _STALE_MS:
                self._data = b""
            if data:
                self._data = self._take(self._data + data)
            await asyncio.sleep_ms(0 if data else _POLL_MS)

    @rare
    def _take(self, data):
        """Serve what is whole and give back the rest."""
        while data:
            packet = -1 if self._production else data.find(_MAGIC)
            if packet == 0:
                size = _HEAD + 1 + (data[_HEAD - 1] if len(data) >= _HEAD else 0)
                if len(data) < size:
                    return data
                self._serve_packet(data[:size])
                data = data[size:]
                continue
            text = data if packet < 0 else data[:packet]
            lines = text.replace(b"\r", b"\n").split(b"\n")
            for line in lines:
                if line and not line.strip(_CTRL_C) and not self._production:
                    raise KeyboardInterrupt
            rest = lines.pop()
            if _SELF_TEST in lines:
                self._start(self._self_test())
            if packet < 0:
                return rest if len(rest) <= _MAX_LINE else b"-" + rest[1 - len(_MAGIC) :]  # no line of ours
            data = data[packet:]
        return data

    @rare
    def _serve_packet(self, packet):
        from module import improv  # noqa: PLC0415 - rarely used

        busy = self._task is not None
        if busy and packet[_HEAD] != improv.TELL_STATE and len(self._waiting) < _MAX_WAITING:
            self._waiting.append(packet)
            return
        serving = improv.serve(packet, self._wifi, self._settings, self._on_network, busy)
        if busy:
            asyncio.create_task(serving)  # noqa: RUF006 - it answers at once and ends
        else:
            self._start(serving)

    @rare
    async def _self_test(self):
        from module import production_test  # noqa: PLC0415 - rarely used

        await production_test.self_test(
            self._port, self._wifi, self._settings, link=self._link, production=self._production
        )

    @rare
    def _start(self, serving):
        if self._task is None:
            self._task = asyncio.create_task(self._run(serving))

    async def _run(self, serving):
        try:
            await serving
        finally:
            self._task = None
            if self._waiting:
                self._serve_packet(self._waiting.pop(0))
            else:
                drop("module.improv", "module.production_test")
