"""The configuration: one JSON object with the keys of `KEYS`, a file on a PC, factory data on a chip."""

import json

from wxproto.errors import LocalError

MAX_SIZE = 4096  # bytes of the file
CHIP_DATA = "/data"  # folder of a chip's settings
FACTORY = "the factory configuration"
SCHEMES = {"http": 80, "https": 443}
MCU_VERSION_SIZE = 8  # bytes of the software version in the device information
REQUIRED = object()

# key -> (type, default, lowest, highest); what they mean is told in firmware/README.md
KEYS = {
    "tty": (str, None, None, None),
    "product": (str, None, None, None),
    "relay": (str, REQUIRED, None, None),
    "data": (str, REQUIRED, None, None),
    "mac": (str, None, None, None),
    "tx": (int, None, 0, 48),
    "rx": (int, None, 0, 48),
    "button": (int, None, 0, 48),
    "led": (int, None, 0, 48),
    "led_on": (int, 1, 0, 1),
    "production": (bool, False, None, None),
    "ntp": (str, None, None, None),
    "ca": (str, None, None, None),
    "mcu_image": (str, None, None, None),
    "mcu_version": (str, None, None, None),
    "baud": (int, 9600, 9600, 115200),
    "heartbeat_s": (float, 55, 0.1, 3600),
    "status_s": (float, 600, 0.1, 86400),
    "keep_alive_s": (float, 60, 0.5, 3600),
    "ack_timeout_s": (float, 20, 0.1, 3600),
    "connect_timeout_s": (float, 10, 0.1, 60),
    "backoff_s": (float, 4, 0.01, 600),
    "backoff_cap_s": (float, 60, 0.01, 3600),
    "refused_s": (float, 10, 0.01, 3600),
    "refused_cap_s": (float, 300, 0.01, 86400),
    "stable_s": (float, 30, 0.01, 3600),
    "offline_restart_s": (float, 7200, 1, 604800),
    "queue": (int, 16, 4, 256),
    "update_s": (float, 21600, 1, 604800),
    "confirm_s": (float, 60, 0, 3600),
    "trial_s": (float, 900, 1, 86400),
    "lan_host": (str, "0.0.0.0", None, None),  # noqa: S104 - a module is for its whole network
    "lan_port": (int, 12416, 0, 65535),
    "lan_udp_port": (int, 12414, 0, 65535),
}


class ConfigError(LocalError):
    """The configuration cannot be used; the text is one line and says what to mend."""


class Config:
    """Every key of `KEYS` as an attribute; relay_tls, relay_host and relay_port are taken apart already.

    `ca_known`: a certificate is given, here or in the factory data. Without methods, so that this file can be
    dropped when the configuration is loaded.
    """


def configure(given, chip=False, ca_known=False):
    """The Config of these keys; `chip`: a chip's, whose serial line is two pins. Or ConfigError."""
    if not isinstance(given, dict):
        raise ConfigError("the configuration must be a JSON object")
    unknown = sorted(name for name in given if name not in KEYS)
    if unknown:
        raise ConfigError(f"unknown key {', '.join(unknown)}; known: {', '.join(sorted(KEYS))}")
    missing = sorted(name for name in KEYS if KEYS[name][1] is REQUIRED and name not in given)
    if missing:
        raise ConfigError(f"missing key {', '.join(missing)}")
    config = Config()
    for name, (kind, default, lowest, highest) in KEYS.items():
        value = given.get(name, default)
        setattr(config, name, value if value is default else _checked(name, kind, value, lowest, highest))
    _check_line(config, chip)
    if (config.mcu_image is None) != (config.mcu_version is None):
        raise ConfigError("mcu_image is the file and mcu_version its software version: give both or none")
    if config.mcu_version is not None and not _fits(config.mcu_version, MCU_VERSION_SIZE):
        raise ConfigError(
            f"mcu_version must be 1..{MCU_VERSION_SIZE} ASCII characters: no MCU can tell a longer one"
        )
    if config.mcu_image is not None and config.product is not None:
        raise ConfigError("mcu_image is for an MCU: give its tty, or leave mcu_image and mcu_version out")
    if config.mac is not None and not (len(config.mac) <= 32 and _alphanumeric(config.mac)):
        raise ConfigError("mac must be 1..32 letters and digits without separators")
    config.ca_known = ca_known or config.ca is not None
    use_relay(config, config.relay)
    return config


def use_relay(config, url):
    """Take another relay, `host`, `host:port` or a whole URL; ConfigError when it is none."""
    if "://" not in url:
        url = ("https://" if config.ca_known else "http://") + url
    tls, host, port = parse_http(url)
    if tls and not config.ca_known:
        raise ConfigError("relay is https: give ca, the certificate of the authority that it is checked by")
    config.relay_tls, config.relay_host, config.relay_port = tls, host, port


def _check_line(config, chip):
    if not chip:
        if (config.tty is None) == (config.product is None):
            raise ConfigError(
                "give tty, the serial port of an MCU, or product, which runs without MCU: one of both"
            )
    elif config.product is not None or config.tty is not None:
        raise ConfigError("a chip takes tx and rx, the pins of its serial line, in place of tty and product")
    elif config.tx is None or config.rx is None:
        raise ConfigError("give tx and rx, the pins of the serial line to the MCU")


def load(path):
    """Read the file; raises ConfigError with one line that names the file and what to mend."""
    try:
        with open(path) as file:
            text = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read (error {error.errno})") from None
    except UnicodeError:
        raise ConfigError(f"{path} is not UTF-8 text") from None
    return _parse(path, text)


def load_chip(port):
    """Read the factory data of a chip; its settings are in CHIP_DATA."""
    data = port.factory("config")
    if data is None:
        raise ConfigError("the chip has no factory data: flash it with `wxlink flash`")
    try:
        text = str(data, "utf-8")
    except UnicodeError:
        raise ConfigError(f"{FACTORY} is not UTF-8 text") from None
    return _parse(FACTORY, text, chip=True, ca_known=port.factory("ca") is not None)


def _parse(name, text, **about):
    if len(text) > MAX_SIZE:
        raise ConfigError(f"{name} is longer than {MAX_SIZE} bytes")
    try:
        given = json.loads(text)
    except ValueError:
        raise ConfigError(f"{name} is not JSON") from None
    if about and isinstance(given, dict):
        given.setdefault("data", CHIP_DATA)
    try:
        return configure(given, **about)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from None


def parse_http(url):
    """(TLS or not, host, port) of `http://host[:port][/]` or the same with https."""
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES:
        raise ConfigError("relay must start with http:// or https://")
    host, colon, port = rest.rstrip("/").partition(":")
    if not host or "/" in host or (colon and not (port.isdigit() and 0 < int(port) < 65536)):
        raise ConfigError("relay must look like http://host:port")
    return scheme == "https", host, int(port) if colon else SCHEMES[scheme]


def _checked(name, kind, value, lowest, highest):
    if kind is str:
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{name} must be a text that is not empty")
        return value
    if kind is bool:
        if not isinstance(value, bool):
            raise ConfigError(f"{name} must be true or false")
        return value
    allowed = (int,) if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, allowed):
        raise ConfigError(f"{name} must be a {'whole ' if kind is int else ''}number")
    if not lowest <= value <= highest:
        raise ConfigError(f"{name} must be within {lowest}..{highest}")
    return value


def _fits(text, size):
    return len(text) <= size and all(32 <= byte < 127 for byte in text.encode())


def _alphanumeric(text):
    return all(48 <= byte < 58 or 97 <= byte | 32 < 123 for byte in text.encode())
