"""Registers a unit at the relay before it is sold: its did then is in the ledger and in its flash."""

import http.client
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Final

from wxlink.flash.identity import Identity, parse_did
from wxlink.flash.problem import FlashError

TIME_S: Final = 15.0
ANSWER_MAX: Final = 2048  # bytes; a did and its name have 26
SHOWN_MAX: Final = 120  # characters of the relay's reason in ours
CREATED: Final = 201


def register(relay: str, identity: Identity, authority: Path | None = None) -> str:
    """The did that the relay at `relay` gives to a unit, the same one each time. Raises FlashError.

    authority: certificate that an https relay is checked by, in place of the machine's own.
    """
    form = {
        "passcode": identity.passcode,
        "mac": identity.mac,
        "product_key": identity.product_key,
        "update_key": identity.update_key.hex(),
    }
    if not relay.startswith(("http://", "https://")):
        raise FlashError(f"{relay} is no address of a relay; it looks like http://192.168.1.10:8080")
    url = relay.rstrip("/") + "/dev/devices"
    try:
        context = ssl.create_default_context(cafile=authority) if authority else None
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=context))
        with opener.open(url, urllib.parse.urlencode(form).encode(), TIME_S) as answer:
            status, body = answer.status, answer.read(ANSWER_MAX)
    except urllib.error.HTTPError as error:
        said = error.read(ANSWER_MAX).decode("utf-8", "replace").strip()
        raise FlashError(
            f"the relay does not register unit {identity.mac} (HTTP {error.code}): {_shown(said)}"
        ) from error
    except (urllib.error.URLError, http.client.HTTPException, ValueError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise FlashError(
            f"the relay at {relay} cannot be reached ({reason}): is its address right?"
        ) from error
    found = re.search(rb"(?:^|[&\s])did=([^&\s]*)", body)
    if status != CREATED or found is None:
        raise FlashError(f"{relay} answers, but not like a relay (HTTP {status}): is its address right?")
    return parse_did(found[1].decode("ascii", "replace"))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The form holds secrets: they go where the user said, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


def _shown(text: str) -> str:
    line = "".join(one if one.isprintable() else " " for one in text)
    return line[:SHOWN_MAX] or "no reason given"
