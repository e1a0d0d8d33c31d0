"""Command 09: how the MCU wants the module to come to a network. Dropped after use.

A port without radio stays on its network, says so, and shows the status bits for as long as a module would.
"""

from module.console import say
from module.life import NETWORK
from wxproto import configuration
from wxproto.errors import LocalError, PeerError

AIRLINK_S = 60  # seconds, after which the access point opens
MIN_KEY = 8  # bytes; WPA


def configure(own, payload):
    """Do what `payload` wants; `own` is the McuCommands. PeerError when it cannot be done."""
    wanted = configuration.Configuration.decode(payload)
    method = wanted.method
    say("link", f"the MCU asks for configuration: {configuration.METHODS[method]}")
    own.airlink.close()
    own.soft_ap.close()
    if own.wifi is None:
        say("link", "this port has no radio: it stays on the network that it has")
    if method == configuration.SOFTAP:
        own.set_up()
    elif method == configuration.GIVEN:
        if own.wifi is None:
            own.use_zone(wanted.tz)
        else:
            _take_network(own, wanted)
    elif own.wifi is None:
        own.airlink.open(AIRLINK_S)
    else:
        say("link", "AirLink and AirKiss are not possible on MicroPython: the access point opens instead")
        own.set_up()


def _take_network(own, wanted):
    if wanted.password and not MIN_KEY <= len(wanted.password) <= configuration.MAX_PASSWORD:
        raise PeerError(f"a network's key has {MIN_KEY}..{configuration.MAX_PASSWORD} bytes, or none")
    _take_relay(own, wanted.server)
    own.use_zone(wanted.tz)
    own.settings.join(_text(wanted.ssid), _text(wanted.password))
    own.wifi.rejoin()
    own.life.take(NETWORK)


def _take_relay(own, server):
    """Keep another relay than the factory's; the module starts anew with it."""
    settings = own.settings
    if not server or server == settings.relay:
        return
    from module import config  # noqa: PLC0415 - 9 KB of heap, dropped with this file

    try:
        config.use_relay(own.config, server)
    except LocalError as error:
        raise PeerError(f"its server cannot be used: {error}") from None
    settings.relay = server
    settings.save()
    say("link", f"the MCU names the relay {server}: the module starts anew with it")
    own.restart()


def _text(data):
    """A network's name or key as text where it is UTF-8; old routers use GBK."""
    try:
        return str(data, "utf-8")
    except UnicodeError:
        return data
