"""Business data to devices: sent without an answer (0x0090) or asked for one (0x0093 -> 0x0094).

Nothing is queued for a device that is off-line: a command is delivered now or refused.
"""

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeAlias

from wxlink.relay.errors import ApiError
from wxlink.relay.ids import new_client_id
from wxlink.relay.metrics import Metrics
from wxlink.relay.rates import NO_LIMIT, Buckets, Rate
from wxlink.relay.store import Origin
from wxproto import envelope
from wxproto.actions import MODULE_P0

MAX_P0_BYTES = MODULE_P0  # a module drops what is longer, and nobody would learn of it
ANSWER_WITHIN_S = (
    10.0  # the module asks its MCU three times, half a second apart, and may wait in a queue first
)
MAX_ASKS = 2_000  # outstanding in all: as many commands as the MQTT client queues
MAX_ASKS_PER_DEVICE = 16  # a module takes them one after another; more would time out anyway
MAX_REQUESTS = (
    2_000  # requests of devices (0x0093) that clients may still acknowledge; the oldest is forgotten
)
MAX_SN = 0xFFFFFFFF
MAX_COUNT = 0xFFFF  # the count of clients is a u16
COUNTED = 100  # devices whose clients are counted at once

log = logging.getLogger(__name__)


class DeviceStatus(Protocol):
    """What must be known of a device before something is sent to it."""

    @property
    def online(self) -> bool: ...
    @property
    def disabled(self) -> bool: ...


class Publisher(Protocol):
    """Where messages go. `publish` is QoS 1 and raises ConnectionError when the broker is away."""

    def publish(self, topic: str, payload: bytes) -> None: ...


OnSent: TypeAlias = Callable[[str, envelope.Envelope, Origin], None]
"""Called with the did, what was sent to it, and for whom."""


class Asks:
    """Questions that wait for a device's answer, and devices' questions that wait for a client's.

    client_id: under which the relay asks; it is the tail of the topics.
    """

    def __init__(self) -> None:
        self.client_id = new_client_id()
        # From a random start, so that an answer to the relay's last run matches nothing of this one.
        self._sn = secrets.randbelow(MAX_SN)
        self._asks: dict[tuple[str, int], asyncio.Future[bytes]] = {}
        self._requests: OrderedDict[tuple[str, int], bool] = OrderedDict()

    def next_sn(self, did: str) -> int:
        """A serial number for a question to the device. Raises ApiError 9041 when too many are open."""
        of_device = sum(1 for asked, _ in self._asks if asked == did)
        if len(self._asks) >= MAX_ASKS or of_device >= MAX_ASKS_PER_DEVICE:
            raise ApiError(9041, "earlier requests still wait for this device's answer")
        self._sn = self._sn % MAX_SN + 1
        return self._sn

    def open(self, did: str, sn: int, within_s: float) -> "asyncio.Future[bytes]":
        """A future of the answer's body; raises ApiError 9021 after `within_s`, 9042 when the device goes."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        late = ApiError(9021, f"the device did not answer within {within_s:g} s")
        timer = loop.call_later(within_s, _fail, future, late)

        def settled(done: "asyncio.Future[bytes]") -> None:
            timer.cancel()
            self._asks.pop((did, sn), None)
            if not done.cancelled():
                done.exception()  # an asker that left need not look at it

        future.add_done_callback(settled)
        self._asks[did, sn] = future
        return future

    def __len__(self) -> int:
        """Questions that wait for a device's answer."""
        return len(self._asks)

    def take_request(self, did: str, sn: int) -> bool:
        """True once for each question of a device: for the first client that answers it."""
        return self._requests.pop((did, sn), False)

    def pass_on(self, did: str, sn: int, body: bytes) -> None:
        """A client answers a question that nobody here heard; a relay that is alone drops that."""

    # Ingest calls these.

    def answered(self, did: str, client_id: str | None, sn: int, body: bytes) -> bool:
        """A 0x0094 came; client_id is the tail of its topic. True when a question was waiting for it."""
        future = self._asks.get((did, sn)) if client_id in (None, self.client_id) else None
        if future is None or future.done():
            return False
        future.set_result(body)
        return True

    def requested(self, did: str, sn: int) -> None:
        """A device sent a 0x0093 that a client may acknowledge."""
        self._requests[did, sn] = True
        self._requests.move_to_end((did, sn))
        while len(self._requests) > MAX_REQUESTS:
            self._requests.popitem(last=False)

    def went_offline(self, did: str) -> None:
        """Nobody will answer: fail what waits for this device."""
        for (asked, _), future in tuple(self._asks.items()):
            if asked == did:
                _fail(future, ApiError(9042))


class Downlink:
    """Sends to devices through one MQTT client.

    device: did -> its status, or None when there is no such device. asks: shared with whoever hears the
    answers. rate: of commands to one device. on_sent: told of all that has an origin, which the relay's own
    questions lack. answer_within_s: how long an answer is waited for, unless a question says otherwise.
    """

    def __init__(
        self,
        publisher: Publisher,
        device: Callable[[str], Awaitable[DeviceStatus | None]],
        asks: Asks | None = None,
        *,
        rate: Rate = NO_LIMIT,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_sent: OnSent | None = None,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self._answer_within_s = answer_within_s
        self._on_sent = on_sent
        self._publisher = publisher
        self._device = device
        self._buckets = Buckets(rate)
        self._metrics = metrics or Metrics()
        self._clock = clock
        self._asks = Asks() if asks is None else asks

    @property
    def open_asks(self) -> int:
        """Questions that wait for a device's answer."""
        return len(self._asks)

    async def send(self, did: str, p0: bytes, origin: Origin | None = None) -> None:
        """Send P0 without wanting an answer.

        Raises ApiError: 9014 no such device, 9015 P0 longer than MAX_P0_BYTES, 9021 the broker is away,
        9023 disabled, 9041 too many commands to this device, 9042 off-line.
        """
        await self._check(did, p0)
        self._publish(did, envelope.Envelope(envelope.NOTIFY, 0, None, p0), origin)

    async def start_ask(
        self, did: str, p0: bytes, within_s: float | None = None, origin: Origin | None = None
    ) -> "asyncio.Future[bytes]":
        """Send P0 that wants an answer and return at once with a future of the answer's body.

        The body is a P0 read reply, or empty for a control. The future raises ApiError 9021 when no answer
        came in time and 9042 when the device went off-line. Raises as `send`, and 9041 with too many open.
        """
        await self._check(did, p0)
        sn = self._asks.next_sn(did)
        self._publish(did, envelope.Envelope(envelope.REQUEST, 0, sn, p0), origin)
        answer = self._asks.open(did, sn, within_s or self._answer_within_s)
        answer.add_done_callback(self._count)
        return answer

    async def ask(self, did: str, p0: bytes, within_s: float | None = None) -> bytes:
        """Send P0 and wait for the body of the answer. Raises as `start_ask` and its future."""
        return await (await self.start_ask(did, p0, within_s))

    def acknowledge(self, did: str, sn: int, body: bytes = b"", origin: Origin | None = None) -> bool:
        """Answer a device's own 0x0093, once: True for the first client that does, False for the others.

        Raises ApiError: 9015 body longer than MAX_P0_BYTES, 9021 the broker is away.
        """
        _check_length(body)
        if self.acknowledge_heard(did, sn, body, origin):
            return True
        self._asks.pass_on(did, sn, body)
        return False

    def acknowledge_heard(self, did: str, sn: int, body: bytes, origin: Origin | None = None) -> bool:
        """As `acknowledge`, of a question that this relay heard itself."""
        if not self._asks.take_request(did, sn):
            return False
        self._publish(did, envelope.Envelope(envelope.ANSWER, 0, sn, body), origin)
        return True

    def tell_client_count(self, did: str, count: int) -> None:
        """Tell a module how many clients watch it; without a broker nothing, it is told when it is back."""
        body = min(count, MAX_COUNT).to_bytes(2, "big")
        self._serve(did, envelope.CLIENT_COUNT, body)

    def tell_firmware(self, did: str, kind: int) -> None:
        """Tell a module to look for new software; kind: 1 its own, 2 its MCU's. As `tell_client_count`."""
        self._serve(did, envelope.FIRMWARE_NOTICE, bytes((kind,)))

    def _serve(self, did: str, cmd: int, body: bytes) -> None:
        try:
            self._publisher.publish(f"ser2cli_res/{did}", envelope.encode_service(cmd, body))
        except ConnectionError as error:
            log.info("service message %04X was not sent to %s: %s", cmd, did, error)

    async def _check(self, did: str, p0: bytes) -> None:
        _check_length(p0)
        device = await self._device(did)
        if device is None:
            raise ApiError(9014)
        if device.disabled:
            raise ApiError(9023)
        if not device.online:
            raise ApiError(9042)
        if not self._buckets.take(did, self._clock()):
            self._metrics.commands.labels("refused").inc()
            self._metrics.refused.labels("command").inc()
            raise ApiError(9041, "too many commands to this device; wait a second")

    def _publish(self, did: str, message: envelope.Envelope, origin: Origin | None) -> None:
        try:
            data = envelope.encode(message.cmd, message.p0, message.sn)
            self._publisher.publish(f"app2dev/{did}/{self._asks.client_id}", data)
        except ConnectionError as error:
            self._metrics.commands.labels("failed").inc()
            raise ApiError(9021, str(error)) from error
        self._metrics.commands.labels("sent").inc()
        if origin is not None and self._on_sent is not None:
            self._on_sent(did, message, origin)

    def _count(self, answer: "asyncio.Future[bytes]") -> None:
        if not answer.cancelled():
            error = answer.exception()
            late = isinstance(error, ApiError) and error.code == 9021
            outcome = "answered" if error is None else "late" if late else "failed"
            self._metrics.commands.labels(outcome).inc()


def _check_length(p0: bytes) -> None:
    if len(p0) > MAX_P0_BYTES:
        raise ApiError(9015, f"business data of {len(p0)} bytes; {MAX_P0_BYTES} at most are sent")


def _fail(future: "asyncio.Future[bytes]", error: ApiError) -> None:
    if not future.done():
        future.set_exception(error)


Watchers = Callable[[Collection[str]], Awaitable[Mapping[str, int]]]


class ClientCounts:
    """Tells a module when its first client begins to watch, when the last one leaves, and when it comes.

    A change is sent by one task, so that a page that is reloaded costs one message or none.
    watchers: how many watch each of the devices, at all relays.
    """

    def __init__(self, device: Callable[[str], Awaitable[DeviceStatus | None]], watchers: Watchers) -> None:
        self._device = device
        self._watchers = watchers
        self._changed: OrderedDict[str, None] = OrderedDict()
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, downlink: Downlink) -> None:
        """Begin to send."""
        self._task = asyncio.create_task(self._run(downlink), name="client counts")

    async def stop(self) -> None:
        """Stop sending."""
        if self._task:
            self._task.cancel()
            await asyncio.wait((self._task,))

    def changed(self, did: str, _count: int = 0) -> None:
        """The number of watchers changed, or the device came on-line."""
        self._changed[did] = None
        self._work.set()

    async def _run(self, downlink: Downlink) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._changed:
                dids = [self._changed.popitem(last=False)[0] for _ in range(min(COUNTED, len(self._changed)))]
                try:
                    await self._tell(downlink, dids)
                except Exception:
                    log.exception("the client counts of %s were not sent", ", ".join(dids))

    async def _tell(self, downlink: Downlink, dids: Sequence[str]) -> None:
        online = []
        for did in dids:
            device = await self._device(did)
            if device is not None and device.online:
                online.append(did)
        if online:
            for did, count in (await self._watchers(online)).items():
                downlink.tell_client_count(did, count)
