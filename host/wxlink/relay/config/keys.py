"""Every setting of `relay.toml`: where it stands, its kind, and which field of the settings it sets."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from wxlink.relay.config.kinds import (
    FLAG,
    HOST,
    NETWORKS,
    PATH,
    PORT,
    TEXT,
    Kind,
    choice,
    list_of,
    number,
    real,
    url,
)
from wxlink.wechat.account import Mode

YEAR_S: Final = 366 * 86_400
MINUTE_S: Final = 60

ENVIRONMENT: Final = "WXLINK_"
FILE_SUFFIX: Final = "_file"


class Key(NamedTuple):
    """One setting, `[group] name = ..`.

    field: of RelaySettings; with a dot: of the group of settings in that field. secret: never shown, and
    `<name>_file` may name a file that holds it.
    """

    group: str
    name: str
    field: str
    kind: Kind
    secret: bool = False

    @property
    def path(self) -> str:
        """How messages call it."""
        return f"{self.group}.{self.name}"

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return f"{ENVIRONMENT}{self.group}_{self.name}".upper()


_LIFE: Final = number(MINUTE_S, 10 * YEAR_S, "seconds, a whole number from 60 to ten years")
_BROKER: Final = url(
    "mqtt", "tcp", "mqtts", "ssl", allowed="a broker's address such as mqtt://host:1883 or mqtts://host:8883"
)
_NATS: Final = url("nats", "tls", allowed="an address such as nats://host:4222")
_PUBLIC: Final = url("http", "https", allowed="an address such as https://relay.example.org")

_NATS_URLS: Final = list_of(_NATS, 'a list such as ["nats://10.0.0.1:4222"]')
_MQTT_URLS: Final = list_of(_BROKER, 'a list such as ["mqtt://10.0.0.1:1883"]')
_SMTP: Final = url("smtp", "smtps", allowed="an address such as smtps://user:password@host:465")
_PLATFORMS: Final = list_of(TEXT, 'a list such as ["wechat", "google=<id of your app there>"]')
_PER_S: Final = real(0, 1_000_000, "a number from 0 to a million; 0 sets no limit")

KEYS: Final = (
    Key("relay", "data", "data_dir", PATH),
    Key("http", "host", "host", HOST),
    Key("http", "port", "port", PORT),
    Key("http", "public_url", "public_url", _PUBLIC),
    Key("http", "trusted_proxies", "trusted_proxies", NETWORKS),
    Key("http", "hsts_s", "hsts_s", number(0, 2 * YEAR_S, "seconds, 0 to two years; 0 sends no HSTS header")),
    Key("http", "drain_s", "drain_s", real(0, 300)),
    Key("tls", "cert", "tls_cert", PATH),
    Key("tls", "key", "tls_key", PATH),
    Key("tls", "host", "tls_host", HOST),
    Key("tls", "port", "tls_port", PORT),
    Key("snoti", "host", "snoti_host", HOST),
    Key("snoti", "port", "snoti_port", PORT),
    Key("snoti", "event_s", "snoti_event_life_s", _LIFE),
    Key("snoti", "queue_s", "snoti_queue_life_s", _LIFE),
    Key("snoti", "queue_max", "snoti_queue_max", number(1, 100_000_000)),
    Key("mqtt", "host", "mqtt_host", HOST),
    Key("mqtt", "port", "mqtt_port", PORT),
    Key("mqtt", "plain", "mqtt_plain", FLAG),
    Key("doors", "host", "door_host", HOST),
    Key("doors", "mqtt_port", "door_mqtt_port", PORT),
    Key("doors", "http_port", "door_http_port", PORT),
    Key("broker", "url", "broker_url", _BROKER, secret=True),
    Key("broker", "user", "broker_user", TEXT),
    Key("broker", "password", "broker_password", TEXT, secret=True),
    Key("store", "url", "store_url", TEXT, secret=True),
    Key("cluster", "nats_urls", "nats_urls", _NATS_URLS),
    Key("cluster", "mqtt_urls", "nats_mqtt_urls", _MQTT_URLS),
    Key("cluster", "secrets", "nats_secrets", PATH),
    Key("cluster", "name", "relay_name", TEXT),
    Key("life", "token_s", "token_life_s", _LIFE),
    Key("life", "history_s", "history_life_s", _LIFE),
    Key("life", "audit_s", "audit_life_s", _LIFE),
    Key("life", "page_ticket_s", "page_ticket_life_s", _LIFE),
    Key("life", "page_session_s", "page_session_life_s", _LIFE),
    Key("life", "claim_s", "claim_life_s", _LIFE),
    Key("people", "webhook", "courier_webhook", _PUBLIC),
    Key("people", "webhook_secret", "courier_secret", TEXT, secret=True),
    Key("people", "smtp", "smtp_url", _SMTP, secret=True),
    Key("people", "mail_from", "mail_from", TEXT),
    Key("people", "platforms", "platforms", _PLATFORMS),
    Key("advertised", "host", "advertised_host", HOST),
    Key("advertised", "mqtt_port", "advertised_mqtt_port", PORT),
    Key("advertised", "mqtts_port", "advertised_mqtts_port", PORT),
    Key("advertised", "ws_port", "advertised_ws_port", PORT),
    Key("advertised", "wss_port", "advertised_wss_port", PORT),
    Key("advertised", "door_mqtt_port", "advertised_door_mqtt_port", PORT),
    Key("advertised", "door_http_port", "advertised_door_http_port", PORT),
    Key("admin", "host", "admin_host", HOST),
    Key("admin", "port", "admin_port", number(0, 65535, "a port, 1 to 65535; 0 opens none")),
    Key("admin", "public", "admin_public", FLAG),
    Key("admin", "makers_api", "makers_api", FLAG),
    *(
        key
        for name in ("address", "user", "app", "device", "command")
        for key in (
            Key("limits", f"{name}_per_s", f"limits.{name}_per_s", _PER_S),
            Key("limits", f"{name}_burst", f"limits.{name}_burst", number(1, 1_000_000)),
        )
    ),
    Key("limits", "connections", "limits.connections", number(10, 1_000_000)),
    Key("limits", "connections_per_address", "limits.connections_per_address", number(1, 1_000_000)),
    Key("limits", "answer_s", "limits.answer_s", real(1, 300)),
    Key("limits", "request_s", "limits.request_s", real(1, 600)),
    Key("limits", "keep_alive_s", "limits.keep_alive_s", real(1, 3600)),
    Key("log", "level", "log.level", choice("debug", "info", "warning", "error")),
    Key("log", "form", "log.form", choice("auto", "text", "json")),
)

# [[wechat]], once for each Official Account: fields of wechat.account.Account, which says how they look.
ACCOUNT_KEYS: Final[Mapping[str, Key]] = {
    key.name: key
    for key in (
        Key("wechat", "name", "name", TEXT),
        Key("wechat", "appid", "appid", TEXT),
        Key("wechat", "secret", "secret", TEXT, secret=True),
        Key("wechat", "token", "token", TEXT, secret=True),
        Key("wechat", "aes_key", "aes_key", TEXT, secret=True),
        Key("wechat", "next_aes_key", "next_aes_key", TEXT, secret=True),
        Key("wechat", "original_id", "original_id", TEXT),
        Key("wechat", "mode", "mode", choice(*Mode)),
        Key("wechat", "customer_messages", "customer_messages", FLAG),
        Key("wechat", "api_base", "api_base", TEXT),
    )
}
REQUIRED_OF_ACCOUNT: Final = ("name", "appid", "secret", "token", "aes_key", "original_id")
