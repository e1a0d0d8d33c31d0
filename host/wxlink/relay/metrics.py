"""Every figure that the relay tells of itself, in one registry of its own.

Labels have few values, known beforehand: never a did, a uid, an address or a path as it was asked for.
"""

import platform
from collections.abc import Callable
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from wxlink import __version__

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BATCHES: Final = (1, 2, 5, 10, 20, 50, 100, 200)
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counts what a relay does; each relay has its own. Names and helps are what `/metrics` shows."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        build = Info("wxlink_build", "What runs.", registry=registry)
        build.info({"version": __version__, "python": platform.python_version()})

        self.uplinks = Counter(
            "wxlink_uplinks",
            "Messages of devices: received, then stored, undecipherable, or dropped (over the limit, or no "
            "room for QoS 0).",
            ("outcome",),
            registry=registry,
        )
        self.batch_messages = Histogram(
            "wxlink_batch_messages", "Messages of one batch.", buckets=_BATCHES, registry=registry
        )
        self.batch_seconds = Histogram(
            "wxlink_batch_seconds",
            "From taking a batch to its acknowledgement: one transaction.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.commands = Counter(
            "wxlink_commands",
            "Commands to devices: sent, answered, late (no answer in time), refused (too many), "
            "failed (the broker or the device is away).",
            ("outcome",),
            registry=registry,
        )
        self.sockets_closed = Counter(
            "wxlink_websockets_closed",
            "WebSockets closed: left (by the client), silent, no_login, too_fast, slow (it did not read), "
            "failed, stopping.",
            ("reason",),
            registry=registry,
        )
        self.http_seconds = Histogram(
            "wxlink_http_request_seconds",
            "HTTP requests, by template of the route.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=registry,
        )
        self.refused = Counter(
            "wxlink_refused",
            "Over a limit, by whose: address, connections, user, app, device, command.",
            ("limit",),
            registry=registry,
        )
        self.logins = Counter(
            "wxlink_device_logins",
            "Logins of devices at the broker: admitted, refused, failed (could not be checked).",
            ("outcome",),
            registry=registry,
        )

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show a figure that is looked up when it is asked for."""
        Gauge(f"wxlink_{name}", text, registry=self.registry).set_function(value)

    def page(self) -> bytes:
        """The page, in Prometheus' text format (CONTENT_TYPE)."""
        return generate_latest(self.registry)
