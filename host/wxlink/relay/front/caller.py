"""Who sent a request, and by which address it reached us, when a proxy may stand between."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Final

from aiohttp import hdrs, web

from wxlink.relay.settings import Endpoints, Network, RelaySettings

_SCHEMES: Final = frozenset({"http", "https"})
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_PORT: Final = re.compile(r"(?P<v4>[0-9.]+):[0-9]+|\[(?P<v6>[0-9A-Fa-f:.]+)\](?::[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Caller:
    """address: of the client, empty when unknown. scheme, host: of the URL that it asked for.

    proxied: a trusted proxy says so; otherwise it is what the connection and the header `Host` say.
    """

    address: str
    scheme: str
    host: str
    proxied: bool


CALLER: Final = web.RequestKey("caller", Caller)


class Proxies:
    """Those whose X-Forwarded headers are believed."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def trusts(self, address: str) -> bool:
        """Whether this is the address of a trusted proxy."""
        try:
            parsed = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None)
        return any((mapped or parsed) in network for network in self._networks)

    def caller(self, request: web.Request) -> Caller:
        """Who sent the request: the rightmost address that no trusted proxy has.

        What stands left of it may be made up. An address that is none ends the search at its proxy.
        """
        peer = request.remote or ""
        if not self._networks or not self.trusts(peer):
            return Caller(peer, request.scheme, request.host, proxied=False)
        address = peer
        for word in reversed(_words(request, hdrs.X_FORWARDED_FOR)):
            named = _address(word)
            if named is None:
                break
            address = named
            if not self.trusts(named):
                break
        scheme = next(iter(reversed(_words(request, hdrs.X_FORWARDED_PROTO))), "").lower()
        host = next(iter(reversed(_words(request, hdrs.X_FORWARDED_HOST))), "")
        return Caller(
            address,
            scheme if scheme in _SCHEMES else request.scheme,
            host if _HOST.fullmatch(host) else request.host,
            proxied=True,
        )


def endpoints(request: web.Request, settings: RelaySettings) -> Endpoints:
    """Where this caller reaches the relay: behind a trusted proxy that is the address it asked for."""
    caller = request.get(CALLER)
    if caller is not None and caller.proxied and settings.public_url is None and _HOST.fullmatch(caller.host):
        settings = replace(settings, public_url=f"{caller.scheme}://{caller.host}")
    return settings.endpoints(request.headers.get(hdrs.HOST))


def _words(request: web.Request, name: str) -> list[str]:
    """The parts of a header that may stand in several lines."""
    return [word.strip() for line in request.headers.getall(name, ()) for word in line.split(",")]


def _address(word: str) -> str | None:
    """An address without the port that some proxies add."""
    ported = _PORT.fullmatch(word)
    text = (ported["v4"] or ported["v6"]) if ported else word
    try:
        return str(ip_address(text))
    except ValueError:
        return None
