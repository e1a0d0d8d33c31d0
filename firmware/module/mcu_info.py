"""What the MCU says of itself (command 02), as far as the module needs it. Dropped after use."""

from module.letters import plain
from wxproto.device_info import DeviceInfo
from wxproto.errors import PeerError

MAX_PRODUCT_KEY = 32  # characters, as the field of the device information


class McuInfo:
    """product_key, p0_version, hardware_version, software_version, bindable_s; attributes and tz may be None.

    Without methods, so that the rest of this file can be dropped while it is kept.
    """


def read(payload):
    """The McuInfo in a payload of command 02. PeerError when it cannot be used."""
    info = DeviceInfo.decode(payload)
    key = info.product_key
    if not 0 < len(key) <= MAX_PRODUCT_KEY or not plain(key):
        raise PeerError("its product key is not 1..32 letters and digits")
    kept = McuInfo()
    kept.product_key = key
    kept.p0_version = info.p0_version
    kept.hardware_version = info.hardware_version
    kept.software_version = info.software_version
    kept.bindable_s = info.bindable_s
    kept.attributes = info.attributes
    kept.tz = info.options().get("tz")
    return kept
