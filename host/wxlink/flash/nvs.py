"""The NVS partition of one unit: what MicroPython's `esp32.NVS("wxlink")` finds.

That class reads only i32 and blobs, so every value is a blob.
"""

import io
import json
from collections.abc import Mapping
from typing import Any, Final

from esp_idf_nvs_partition_gen import nvs_partition_gen

from wxlink.flash.boards import SECTOR, Board
from wxlink.flash.identity import Identity
from wxlink.flash.problem import FlashError

NAMESPACE: Final = "wxlink"
CONFIG_MAX: Final = 3072  # bytes of the configuration's JSON: what the module reads into its small heap
CA_MAX: Final = 4096  # bytes of a certificate in DER; one of RSA-4096 has about 1,500


def entries(
    board: Board, identity: Identity, config: Mapping[str, Any], ca: bytes | None = None
) -> dict[str, bytes]:
    """The blobs of one unit by name; the board's pins are added to `config`, which may override them."""
    text = json.dumps({**pins(board), **config}, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    blobs = {
        "config": text.encode(),
        "passcode": identity.passcode.encode(),
        "ap_password": identity.ap_password.encode(),
        "update_key": identity.update_key,
    }
    if identity.did is not None:
        blobs["did"] = identity.did.encode()
    if ca is not None:
        blobs["ca"] = ca
    for name, limit in (("config", CONFIG_MAX), ("ca", CA_MAX)):
        if len(blobs.get(name, b"")) > limit:
            raise FlashError(f"{name} has {len(blobs[name])} bytes, {limit} at most fit: shorten it")
    return blobs


def pins(board: Board) -> dict[str, int]:
    """The keys of the configuration that the board decides."""
    chosen = {"tx": board.uart.tx, "rx": board.uart.rx}
    if board.button is not None:
        chosen["button"] = board.button.pin
    if board.led is not None and not board.led.addressable:  # a WS2812 is not lit by a level
        chosen |= {"led": board.led.pin, "led_on": board.led.on}
    return chosen


def build(size: int, blobs: Mapping[str, bytes]) -> bytes:
    """An NVS partition of `size` bytes with the blobs in namespace `wxlink`. Raises FlashError."""
    out = io.BytesIO()
    try:
        # One page stays empty: NVS needs it to move entries to.
        with nvs_partition_gen.nvs_open(out, size - SECTOR, nvs_partition_gen.Page.VERSION2) as nvs:
            nvs.write_namespace(NAMESPACE)
            for name, data in blobs.items():
                nvs.write_entry(name, data, "binary")
    except nvs_partition_gen.InsufficientSizeError as error:
        raise FlashError(f"the identity does not fit into the NVS partition of {size} bytes") from error
    except nvs_partition_gen.InputError as error:
        raise FlashError(f"the NVS partition cannot be made: {error}") from error
    return out.getvalue()
