"""How the module gets its did and the broker's address: questions to the relay, a relay_http.Relay.

    POST /dev/devices         passcode, mac, product_key, update_key -> 201, body `did=<22 characters>`
    DELETE /dev/devices       did, passcode -> 200; after a reset
    GET  /dev/devices/<did>   -> 200, body `host=H&port=P&server_ts=T&port_s=P...`

They raise OSError (not reachable, too slow), Refusal or RelayError. Dropped after use.
"""

from module.backoff import Refusal
from module.letters import plain
from module.relay_http import RelayError, decode_form, encode_form

MAX_SHOWN = 120  # characters of the relay's error text in ours
DID_LENGTH = 22  # characters; apps cut or refuse any other length
CREATED = 201
OK = 200
MAX_TIME_DIGITS = 10  # Unix time in seconds until the year 2286
UNKNOWN_DID = (400, 404)
REFUSED = range(400, 500)


class RegistrationRefused(Refusal):
    """The relay does not take this product or module: trying again soon does not help."""


class UnknownDid(RelayError):
    """The relay does not know our did: register again."""


async def register(relay, settings):
    """The did for the module of these settings; another one only when the passcode is another."""
    product_key = settings.product_key
    form = encode_form(
        (
            ("passcode", settings.passcode),
            ("mac", settings.mac),
            ("product_key", product_key),
            ("update_key", settings.update_key),
        )
    )
    status, body = await relay.exchange("POST", "/dev/devices", form)
    if status in REFUSED:
        reason = _shown(body)
        raise RegistrationRefused(f"the relay refuses product {product_key} (HTTP {status}): {reason}")
    if status != CREATED:
        raise RelayError(f"registering failed with HTTP {status}: {_shown(body)}")
    did = decode_form(body).get("did", "")
    if len(did) != DID_LENGTH or not plain(did):
        raise RelayError("registering gave no did of 22 letters and digits")
    return did


async def locate(relay, did):
    """The broker's (host, port) and the relay's Unix time, None if it tells none.

    The port is the one for TLS if there is a Trust. UnknownDid when the relay has forgotten this did.
    """
    status, body = await relay.exchange("GET", "/dev/devices/" + did, "")
    if status in UNKNOWN_DID:
        raise UnknownDid(f"the relay does not know this did (HTTP {status}): {_shown(body)}")
    if status != OK:
        raise RelayError(f"asking for the broker failed with HTTP {status}: {_shown(body)}")
    fields = decode_form(body)
    name = "port_s" if relay.where[-1] else "port"
    host, port, time = fields.get("host", ""), fields.get(name, ""), fields.get("server_ts", "")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise RelayError(f"the relay names no broker ({name}): {_shown(body)}")
    return (host, int(port)), int(time) if time.isdigit() and len(time) <= MAX_TIME_DIGITS else None


async def retire(relay, did, passcode):
    """Tell the relay that this did has ended (app-api 4.1)."""
    form = encode_form((("did", did), ("passcode", passcode)))
    status, body = await relay.exchange("DELETE", "/dev/devices", form)
    if status != OK:
        raise RelayError(f"HTTP {status}: {_shown(body)}")


def _shown(body):
    return body[:MAX_SHOWN] if body else "no reason given"
