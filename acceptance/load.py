"""Devices under load: paho clients that report numbers with QoS 1 and answer commands."""

import random
import secrets
import threading
import time
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from wxlink.relay.store import App, Product, Store
from wxproto import envelope

APPID: Final = "aabbccdd00112233445566778899eeff"
PRODUCT_KEY: Final = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PASSCODE: Final = "GHTKLMWABQ"
KEEP_ALIVE_S: Final = 10
ANSWER_MISSES: Final = 0.02  # of the commands the device never answers, as often it answers twice, or late
LATE_S: Final = 12.0  # the relay waits 10 s for an answer


def product() -> Product:
    """A switch, and a number that only the device sets."""
    base = {"desc": "", "position": {"byte_offset": 0, "bit_offset": 0, "unit": "byte"}}
    spec = {"min": 0, "max": 0xFFFFFFFF, "ratio": 1, "addition": 0}
    points = [
        {"id": 0, "name": "Switch", "display_name": "Switch", "type": "status_writable", "data_type": "bool"},
        {
            "id": 1,
            "name": "Number",
            "display_name": "Number",
            "type": "status_readonly",
            "data_type": "uint32",
        },
    ]
    attrs = [base | point | ({"uint_spec": spec} if point["id"] else {}) for point in points]
    definition = {
        "name": "counter",
        "product_key": PRODUCT_KEY,
        "protocolType": "standard",
        "entities": [{"id": 0, "name": "entity0", "display_name": "counter", "attrs": attrs}],
    }
    return Product(PRODUCT_KEY, "counter", "00112233445566778899aabbccddeeff", definition)


async def enrol(store: Store, count: int) -> list[str]:
    """Put the app, the product and that many devices into a store; their dids."""
    await store.apps.put(App(APPID, "acceptance", secrets.token_hex(16)))
    await store.products.put(product())
    return [
        (await store.devices.register(PRODUCT_KEY, f"{number:012x}", PASSCODE, time.time())).did
        for number in range(count)
    ]


class CountingDevice:
    """One module. `reported` is the number it reported last.

    acknowledged: numbers that the broker took over. again: numbers that it may have got twice, because the
    connection went before the acknowledgement and MQTT has the client send them again. executed: how often
    each command came, by the asker and its number.
    """

    def __init__(self, did: str, ports: list[int], draw: random.Random, *, moody: bool) -> None:
        self.did = did
        self.reported = 0
        self.acknowledged: set[int] = set()
        self.again: set[int] = set()
        self.executed: dict[tuple[str, int], int] = {}
        self.connects = 0
        self.acknowledged_at = 0.0
        self._ports = ports
        self._draw = draw
        self._moody = moody
        self._codec = product().codec
        self._pending: dict[int, int] = {}
        self._early: set[int] = set()
        self._lock = threading.Lock()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=did, clean_session=False)
        self._client.username_pw_set(did, PASSCODE)
        self._client.reconnect_delay_set(1, 2)
        self._client.max_inflight_messages_set(200)
        self._client.on_connect = self._connected
        self._client.on_disconnect = lambda *_: self._lost()
        self._client.on_connect_fail = lambda *_: self._lost()
        self._client.on_message = self._received
        self._client.on_publish = lambda _c, _d, mid, _r, _p: self._published(mid)

    @property
    def online(self) -> bool:
        """Whether it can report."""
        return self._client.is_connected()

    @property
    def unacknowledged(self) -> int:
        """Reports that wait for the broker's word."""
        return len(self._pending)

    def start(self) -> None:
        """Begin to connect."""
        self._lost()
        self._client.loop_start()

    def stop(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def report(self) -> bool:
        """Report the next number, when connected."""
        if not self.online or len(self._pending) > 150:
            return False
        self.reported += 1
        number = self.reported
        p0 = self._codec.encode_report({"Switch": bool(number % 2), "Number": number})
        connection = self.connects
        # Not within the lock: paho calls `_published` while it holds the lock that this takes.
        info = self._client.publish(f"dev2app/{self.did}", envelope.encode(envelope.REPORT, p0), qos=1)
        with self._lock:
            if info.mid in self._early:
                self._early.remove(info.mid)
                self._acknowledge(number)
            else:
                self._pending[info.mid] = number
            if connection != self.connects or not self.online:
                self.again.add(number)
        return True

    def _lost(self) -> None:
        """Name the next node, and a new connection in the will."""
        with self._lock:
            self.again.update(self._pending.values())
        port = self._draw.choice(self._ports)
        self._client.will_set(f"dev2app/{self.did}/online", f"0 {self.connects + 1:08x}".encode(), qos=1)
        self._client.connect_async("127.0.0.1", port, KEEP_ALIVE_S)

    def _connected(self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            return
        self.connects += 1
        client.subscribe([(f"app2dev/{self.did}/#", 1), (f"ser2cli_res/{self.did}", 1)])
        client.publish(f"dev2app/{self.did}/online", f"1 {self.connects:08x}".encode(), qos=1)

    def _published(self, mid: int) -> None:
        with self._lock:
            number = self._pending.pop(mid, None)
            if number is None:
                self._early.add(mid)  # or no report; a run is too short for its number to come again
            else:
                self._acknowledge(number)

    def _acknowledge(self, number: int) -> None:
        self.acknowledged.add(number)
        self.acknowledged_at = time.monotonic()

    def _received(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if not message.topic.startswith("app2dev/"):
            return
        frame = envelope.decode(message.payload)
        if frame.cmd != envelope.REQUEST or frame.sn is None:
            return
        tail = message.topic.rpartition("/")[2]
        key = (tail, frame.sn)
        self.executed[key] = self.executed.get(key, 0) + 1
        answer = envelope.encode(envelope.ANSWER, b"", frame.sn)
        topic = f"dev2app/{self.did}/{tail}"
        mood = self._draw.random() if self._moody else 1.0
        if mood < ANSWER_MISSES:
            return
        if mood < 2 * ANSWER_MISSES:
            threading.Timer(LATE_S, client.publish, (topic, answer, 1)).start()
            return
        for _ in range(2 if mood < 3 * ANSWER_MISSES else 1):
            client.publish(topic, answer, qos=1)
