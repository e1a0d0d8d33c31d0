"""What the operator decides about one relay, and the addresses that follow from it."""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from wxlink.relay.rates import Rate

DAY_S: Final = 86_400

Network: TypeAlias = IPv4Network | IPv6Network

# A host name or an address without port: what may be written into an answer for a module or an app.
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")
_ANY_HOST: Final = frozenset({"", "0.0.0.0", "::", "[::]"})  # noqa: S104  compared with, not bound to


class Endpoints(NamedTuple):
    """Where clients are told to connect. 0 says that there is no such listener."""

    host: str
    mqtt_port: int
    mqtts_port: int
    ws_port: int
    wss_port: int


class Doorways(NamedTuple):
    """Ports that modules with the vendor's firmware are told: of MQTT, and for files by plain HTTP."""

    mqtt_port: int
    http_port: int


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged and how."""

    level: str = "info"
    """The least that is logged: debug, info, warning or error."""

    form: str = "auto"
    """`text` for people, `json` for programs, `auto`: text on a terminal, else JSON."""


@dataclass(frozen=True, slots=True)
class TrafficLimits:
    """How much one peer may ask of the relay. A rate of 0 a second says that there is no limit."""

    address_per_s: float = 100.0
    """HTTP requests of one address. A whole site, or one operator's mobile network, may share an address."""
    address_burst: int = 2_000

    user_per_s: float = 50.0
    """Calls and WebSocket messages of one user, over all sockets. A slider sends about 20."""
    user_burst: int = 500

    app_per_s: float = 1_000.0
    """The same of all users of one app."""
    app_burst: int = 10_000

    device_per_s: float = 100.0
    """Messages of one device. GAgent asks for at most one in six seconds except on change.
    Each relay of a cluster counts for itself."""
    device_burst: int = 2_000

    command_per_s: float = 50.0
    """Commands to one device: a serial line of 9,600 baud carries about as many."""
    command_burst: int = 500

    connections: int = 6_000
    """HTTP connections in all: every WebSocket that there may be, and a thousand others."""

    connections_per_address: int = 2_000
    """Of one address that is no trusted proxy, so that none can take them all."""

    answer_s: float = 10.0
    """How long a device may take for an answer: it asks its MCU three times, and may have others to serve."""

    request_s: float = 30.0
    """Within which a request has arrived whole and is answered; a device may take 10 of them."""

    keep_alive_s: float = 75.0
    """How long a connection may be idle, or take over the head of a request; proxies keep theirs for 60."""

    def rate(self, name: str) -> Rate:
        """The rate of an address, user, app, device or command."""
        return Rate(getattr(self, f"{name}_per_s"), getattr(self, f"{name}_burst"))


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Settings of one relay process.

    A port of 0 picks a free one; whoever binds it puts the real one here before clients are told.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str | None = None
    """How browsers and WeChat reach the HTTP port (``https://relay.example.org``); needed behind a proxy."""

    trusted_proxies: tuple[Network, ...] = ()
    """Whose X-Forwarded-For, -Proto and -Host are believed."""

    hsts_s: int = 0
    """Lifetime of the HSTS header on answers over HTTPS. Off by default: HSTS holds for all ports of a name,
    and browsers would find nothing on the plain port any more."""

    drain_s: float = 0.0
    """How long `/readyz` says that the relay stops before it does, for a load balancer to notice."""

    admin_host: str = "127.0.0.1"
    admin_port: int = 0
    """Where `/readyz` and `/metrics` are served; 0 is nowhere."""

    admin_public: bool = False
    """Whether the public ports serve them too."""

    makers_api: bool = False
    """Whether the public ports serve the makers' API, /admin/v1/."""

    limits: TrafficLimits = field(default_factory=TrafficLimits)

    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 1883
    mqtt_plain: bool = True
    """Whether the MQTT port, once there is a certificate, still speaks to those who come without TLS."""

    tls_cert: Path | None = None
    """The relay's certificate and the chain below its CA, PEM. With it HTTPS is served on `tls_port`, and
    the MQTT port speaks TLS."""

    tls_key: Path | None = None
    """The key of `tls_cert`, PEM without a password."""

    tls_host: str | None = None
    """Where HTTPS listens; None is where HTTP does."""

    tls_port: int = 8443

    snoti_port: int | None = None
    """Where makers' servers connect over TLS, by `tls_cert`; clients know 2017. None: nobody can."""

    snoti_host: str | None = None
    """Where server push listens; None is where HTTPS does."""

    snoti_event_life_s: int = 7 * DAY_S
    """How long an event of server push waits for somebody to take it."""

    snoti_queue_life_s: int = 30 * DAY_S
    """How long a queue of server push lives that no client visits."""

    snoti_queue_max: int = 100_000
    """Events that wait in one queue of server push, some 30 MB; the oldest beyond it are dropped."""

    broker_url: str | None = field(default=None, repr=False)
    """An MQTT broker of the operator's own; None starts the bundled one."""

    broker_user: str | None = None
    broker_password: str | None = field(default=None, repr=False)
    """Who the relay is at that broker, where the URL does not say it."""

    door_host: str = "127.0.0.1"
    """Where the two doors for modules with the vendor's firmware listen; nothing there is encrypted."""

    door_mqtt_port: int | None = None
    """The door that speaks MQTT 3.1 and tells who is on-line; None: there is none."""

    door_http_port: int | None = None
    """Plain HTTP with nothing but the calls of modules, 80 in the field; None: there is none."""

    store_url: str | None = field(default=None, repr=False)
    """SQLAlchemy URL of the database; None keeps SQLite in `data_dir`."""

    nats_urls: tuple[str, ...] = ()
    """The nodes of a NATS cluster that relays share (`nats://host:4222`); none: this relay is alone."""

    nats_mqtt_urls: tuple[str, ...] = ()
    """The MQTT listeners of those nodes (`mqtt://host:1883`)."""

    nats_secrets: Path | None = None
    """The cluster's secrets for relays, from `wxlink cluster init`."""

    relay_name: str | None = None
    """Names this relay among those of the cluster, always the same; None is the name of this machine."""

    token_life_s: int = 7 * DAY_S
    history_life_s: int = 30 * DAY_S
    """How long single reports are kept; the latest state of a device stays."""

    audit_life_s: int = 365 * DAY_S
    """How long the audit log keeps a row."""

    page_ticket_life_s: int = DAY_S
    """How long a page link in a chat can be used, once: people open a chat again hours later."""

    page_session_life_s: int = 30 * DAY_S
    """How long a browser stays signed in after its last visit."""

    claim_life_s: int = 30 * DAY_S
    """The longest life of a binding code; WeChat's temporary QR codes live no longer."""

    courier_webhook: str | None = None
    """Where text messages and letters to people are passed on; None prints them on the terminal."""

    courier_secret: str | None = field(default=None, repr=False)
    """What the webhook knows us by."""

    smtp_url: str | None = field(default=None, repr=False)
    """A mail server that takes the letters."""

    mail_from: str | None = None
    """Whom letters are from."""

    platforms: tuple[str, ...] = ()
    """Other platforms whose users may log in: `name`, or `name=<id of our app there>`."""

    advertised_host: str | None = None
    """Host told to devices and apps; None takes it from `public_url`, else from the request itself."""

    advertised_mqtt_port: int | None = None
    advertised_mqtts_port: int | None = None
    """Port of MQTT over TLS; None is the MQTT port when our own broker has a certificate, else 0."""

    advertised_ws_port: int | None = None
    advertised_wss_port: int | None = None
    """None follows `public_url`, else our own certificate; some clients use wss whenever this port is not 0,
    so it is 0 without TLS."""

    advertised_door_mqtt_port: int | None = None
    advertised_door_http_port: int | None = None
    """Where the doors are reached when a router stands before them; None is where they listen."""

    @property
    def database_url(self) -> str:
        """The URL that the store opens."""
        return self.store_url or f"sqlite+aiosqlite:///{self.data_dir.absolute() / 'relay.sqlite3'}"

    def endpoints(self, request_host: str | None = None) -> Endpoints:
        """The addresses to tell a client that came with the header `Host: request_host`."""
        public = urlsplit(self.public_url or "")
        tls = public.scheme == "https"
        mqtt_port = self.mqtt_port if self.advertised_mqtt_port is None else self.advertised_mqtt_port
        web_port = (public.port or (443 if tls else 80)) if self.public_url else self.port
        ws_port, wss_port = (self.port, web_port) if tls else (web_port, self._own_tls(self.tls_port))
        own_mqtts_port = 0 if self.broker_url else self._own_tls(mqtt_port)
        return Endpoints(
            host=self.advertised_host or public.hostname or self._host_of(request_host),
            mqtt_port=mqtt_port,
            mqtts_port=own_mqtts_port if self.advertised_mqtts_port is None else self.advertised_mqtts_port,
            ws_port=ws_port if self.advertised_ws_port is None else self.advertised_ws_port,
            wss_port=wss_port if self.advertised_wss_port is None else self.advertised_wss_port,
        )

    def doorways(self, usual: Endpoints) -> Doorways:
        """For modules with the vendor's firmware; where there is no door, the usual ports."""
        return Doorways(
            _first(self.advertised_door_mqtt_port, self.door_mqtt_port, usual.mqtt_port),
            _first(self.advertised_door_http_port, self.door_http_port, usual.ws_port),
        )

    def _own_tls(self, port: int) -> int:
        return port if self.tls_cert else 0

    def _host_of(self, request_host: str | None) -> str:
        """Its own address when it listens on one; else the name by which the peer reached it."""
        if self.host not in _ANY_HOST:
            return self.host
        named = re.sub(r":\d+$", "", request_host or "")
        return named if _HOST.fullmatch(named) else "127.0.0.1"


def _first(*ports: int | None) -> int:
    return next(port for port in ports if port is not None)
