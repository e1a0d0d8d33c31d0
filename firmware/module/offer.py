"""What the relay has for this module or its MCU: asked for, read and checked before a byte of it is fetched.

Loaded for each question and dropped after it.
"""

from collections import namedtuple

from module import version
from module.loading import drop
from module.manifest import MODULE
from wxproto.errors import PeerError

PATH = "/dev/ota/v4.1/update_and_check/"
_OK = 200

Offer = namedtuple("Offer", ("kind", "version", "path", "is_hex", "size", "sha256", "where", "refusal"))
"""A manifest.Manifest without the code that checked it.

`where`: the relay, for stream.connect(). `refusal`: why it is not taken, or None.
"""


async def ask(update, kind):
    """The relay's Offer of `kind`, None when it has nothing. PeerError: it is none; OSError: try later."""
    from module import relay_http  # noqa: PLC0415 - dropped after use

    relay = update.uplink.relay()
    hardware, software = _versions(update, kind)
    form = relay_http.encode_form(
        (
            ("passcode", update.settings.passcode),
            ("type", str(kind)),
            ("hard_version", hardware),
            ("soft_version", software),
            ("manifest", "1"),
        )
    )
    try:
        status, text = await relay.exchange("POST", PATH + update.settings.did, form)
    except PeerError as error:
        raise OSError(str(error)) from None
    del relay_http
    drop("module.relay_http")
    return _read(update, kind, text, relay.where) if status == _OK else None


def _read(update, kind, text, where):
    from module import manifest  # noqa: PLC0415 - dropped after use

    refusal = None
    try:
        found = manifest.Manifest(kind, text)
        try:
            found.check(update.settings.did, update.settings.update_key, _versions(update, kind)[1])
        except manifest.Refused as error:
            refusal = str(error)
        return Offer(kind, found.version, found.path, found.is_hex, found.size, found.sha256, where, refusal)
    finally:
        del manifest
        drop("module.manifest")


def _versions(update, kind):
    """(hardware, software) version of what is here."""
    if kind == MODULE:
        return version.HARDWARE, version.SOFTWARE
    return update.info.hardware_version, update.info.software_version
