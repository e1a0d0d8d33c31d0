"""MicroPython: TLS to argv[1], port argv[2], with the authority argv[3]; prints the echo or the reason."""

import asyncio
import sys

from module import stream
from module.tls import Trust, read_authority
from port import unix as port

WITHIN_MS = 3000


def next_file():
    with open("/dev/null") as file:
        return file.fileno()


async def main(host, number, path):
    first = next_file()
    trust = Trust(read_authority(path, port))
    for _ in range(3):  # a refused connection must not cost a socket or a chain of objects
        connection = None
        try:
            connection = await stream.connect(host, int(number), WITHIN_MS, port, trust)
            await connection.write(b"hello", WITHIN_MS)
            buffer = bytearray(16)
            size = await asyncio.wait_for_ms(connection.read_into(buffer), WITHIN_MS)
            print("echo", str(buffer[:size], "utf-8"))
        except (OSError, ValueError) as error:
            print(type(error).__name__, error)
        finally:
            if connection is not None:
                connection.close()
    print(next_file() - first, "sockets left open")


try:
    asyncio.run(main(*sys.argv[1:]))
except ValueError as error:
    print(error)
