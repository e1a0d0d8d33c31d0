# ruff: noqa: PLW0603, RUF006, SIM105, UP041 - a small MicroPython program, which has no contextlib
"""MicroPython: an MQTT client driven by JSON lines on stdin, telling JSON lines on stdout.

Argument: {"port", "id", "password", "filter", "will": [topic, text], "keep_alive_s"}.
Lines in: {"publish": [topic, text, qos]}, {"close": true}.
Each lost connection is followed by a new one after 50 ms.
"""

import asyncio
import json
import sys

from module import mqtt, mqtt_packet, stream
from port import unix as port

options = json.loads(sys.argv[1])
will = options["will"][0], options["will"][1].encode(), 1
session = mqtt.Client(
    options["id"],
    options["id"],
    options["password"],
    ((options["filter"], 1),),
    keep_alive_s=options["keep_alive_s"],
    ack_timeout_ms=3000,
)
wake = asyncio.Event()
closing = False
failure = None


def tell(**fields):
    print(json.dumps(fields))


def tell_event(event):
    if isinstance(event, mqtt.Ready):
        tell(ready=event.session_present)
    elif isinstance(event, mqtt.Delivered):
        tell(delivered=event.packet_id)
    elif isinstance(event, mqtt_packet.Oversize):
        tell(oversize=event.size)
    else:
        tell(message=event.topic, text=str(event.payload, "utf-8"), dup=event.dup)


async def read(connection):
    global failure
    buffer = bytearray(256)
    try:
        while True:
            size = await connection.read_into(buffer)
            if not size:
                raise OSError("closed by the broker")
            for event in session.receive(memoryview(buffer)[:size], port.now_ms()):
                tell_event(event)
                if not isinstance(event, (mqtt.Ready, mqtt.Delivered)):
                    session.acknowledge(event, port.now_ms())
            wake.set()
    except (OSError, ValueError) as error:
        failure = error
        wake.set()


async def take_orders():
    global closing
    lines = asyncio.StreamReader(sys.stdin)
    while not closing:
        order = json.loads(await lines.readline())
        if "publish" in order:
            topic, text, qos = order["publish"]
            tell(published=session.publish(topic, text.encode(), qos, port.now_ms()))
        closing = "close" in order
        wake.set()


async def serve(connection):
    while True:
        data = session.data_to_send()
        if data:
            await connection.write(data, 3000)
        if failure is not None:
            raise failure
        if closing:
            session.close(port.now_ms())
            await connection.write(session.data_to_send(), 3000)
            return
        try:
            await asyncio.wait_for_ms(wake.wait(), max(0, session.next_deadline() - port.now_ms()))
        except asyncio.TimeoutError:
            pass
        wake.clear()
        session.poll(port.now_ms())


async def main():
    global failure
    asyncio.create_task(take_orders())
    while not closing:
        failure = None
        connection = reader = None
        try:
            connection = await stream.connect("127.0.0.1", options["port"], 3000, port)
            session.open(port.now_ms(), will)
            reader = asyncio.create_task(read(connection))
            await serve(connection)
        except (OSError, ValueError) as error:
            tell(lost=type(error).__name__, why=str(error))
            if isinstance(error, mqtt.Refused):
                return
        finally:
            if reader is not None:
                reader.cancel()
            if connection is not None:
                connection.close()
            session.lost()
        await asyncio.sleep_ms(50)


asyncio.run(main())
