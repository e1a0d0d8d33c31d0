"""A door before a TCP server that can be shut: what a cable, a router or a provider does to a connection."""

import asyncio
import contextlib

CHUNK = 65536  # bytes; how much one side is ahead of the other
WAITING = 64  # connections that may wait to be taken


class Gate:
    """Listens on `host`:`port`, which the first open() picks; passes all on to `target_port` of the loopback.

    shut() cuts every connection and refuses new ones; open() lets them in again on the same port.
    """

    def __init__(self, host: str) -> None:
        self.port = 0
        self.target_port = 0
        self.taken = 0
        """Connections let in so far."""
        self._host = host
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen. Harmless when open."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, self._host, self.port, backlog=WAITING, reuse_address=True
            )
            self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Cut and refuse. Harmless when shut."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.taken += 1
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
                try:
                    async with asyncio.TaskGroup() as ways:
                        ways.create_task(_pass_on(reader, far_writer))
                        ways.create_task(_pass_on(far_reader, writer))
                finally:
                    far_writer.transport.abort()
        finally:
            writer.transport.abort()
            self._tasks.discard(task)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
