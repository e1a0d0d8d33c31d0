"""MicroPython on a simulated chip: runs module/wifi.py as the console's lines order, tells in JSON lines.

Orders: {"try": [ssid, key, ms]}, {"scan": true}, {"want": true}, {"stored": [ssid, key]}, {"rejoin": true},
{"open": [ssid, key]}, {"state": true}. The answer's `ticks` are the rounds of a task of 10 ms meanwhile.
"""

import asyncio
import json

from module.wifi import Wifi
from port import esp32 as port


class Stored:
    """Settings."""

    ssid = key = None


def tell(**fields):
    print(json.dumps(fields))


async def tick():
    while True:
        await asyncio.sleep_ms(10)
        ticks.append(1)


async def obey(order):
    (name,) = order
    value = order[name]
    begun = len(ticks)
    if name == "try":
        tell(tried=await wifi.try_join(*value))
    elif name == "scan":
        tell(scanned=[[str(ssid, "utf-8"), rssi, secure] for ssid, rssi, secure in await wifi.scan()])
    elif name == "want":
        wifi.want(value)
    elif name == "stored":
        Stored.ssid, Stored.key = value
    elif name == "open":
        wifi.open_access_point(*value)
    elif name == "rejoin":
        wifi.rejoin()
    elif name == "state":
        tell(joined=wifi.joined, failure=wifi.failure, address=wifi.address(), signal=wifi.signal())
    tell(done=name, ticks=len(ticks) - begun)


async def listen():
    tell(ready=True)
    line = b""
    while True:
        line += port.console_read()
        if b"\n" in line:
            text, _, line = line.partition(b"\n")
            await obey(json.loads(text))
        await asyncio.sleep_ms(5)


async def main():
    await asyncio.gather(tick(), wifi.run(), listen())


ticks = []
wifi = Wifi(port.radio(), Stored, port, lambda: tell(changed=wifi.joined))
asyncio.run(main())
