"""What a relay does now and then, for as long as it runs."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

from wxlink.relay.broker import Broker
from wxlink.relay.service import Service
from wxlink.relay.tls import RELOAD_EVERY_S, Certificate, TlsError

BROKER_AWAY_S: Final = (
    15.0  # our own broker, broken for that long, is started anew: it does not heal by itself
)
LOOK_EVERY_S: Final = 1.0
PRUNE_EVERY_S: Final = 3600.0
LAPSE_EVERY_S: Final = 5.0  # guests' times are whole minutes

log = logging.getLogger(__name__)


async def mend(broker: Broker, works: Callable[[], bool]) -> None:
    """Start our own broker anew when it runs but stores nothing, or takes no session of ours."""
    clock = asyncio.get_running_loop().time
    worked_at = clock()
    failed = False
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        failed = broker.write_failed() or failed
        if works() and not failed:
            worked_at = clock()
        elif clock() - worked_at > BROKER_AWAY_S:
            log.warning("the broker cannot store messages, is its disk full? It is started anew")
            broker.renew()
            worked_at, failed = clock(), False


async def renew(certificate: Certificate, broker: Broker | None) -> None:
    """Take a certificate up that was written anew; later connections see it, none is cut."""
    while True:
        await asyncio.sleep(RELOAD_EVERY_S)
        try:
            if certificate.reload():
                if broker:
                    broker.reload()
                log.info("the certificate was renewed")
        except TlsError as error:
            log.error("%s", error)


async def end_lapsed(service: Service) -> None:
    """End what guests have for a time only."""
    while True:
        try:
            await service.end_lapsed()
        except Exception:
            log.exception("guests whose time is up could not be sent off; tried again in a moment")
        await asyncio.sleep(LAPSE_EVERY_S)


async def prune(service: Service) -> None:
    """Forget what is too old."""
    while True:
        try:
            gone = await service.prune()
            log.info("pruned %d rows", gone)
        except Exception:
            log.exception("what is too old could not be pruned; tried again in an hour")
        await asyncio.sleep(PRUNE_EVERY_S)


async def ended(task: "asyncio.Task[None]") -> None:
    """End one of these."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
