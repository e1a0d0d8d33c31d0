"""Who may pass the door: a device with its passcode, of a product that is open to old modules.

The broker asks the auth callout again, but it sees the door's address; here the module's own is known.
"""

from collections.abc import Callable
from typing import Final

from wxlink.relay.auth_callout import LoginRequest, Refused, check
from wxlink.relay.mqtt_door.connect import Connect
from wxlink.relay.service import Throttle
from wxlink.relay.store import Device, Store

WRONG_LOGINS: Final = 5  # for one device from one address...
WRONG_WINDOW_S: Final = 60  # ...in this time; after that not even the right passcode is looked at


class Admission:
    """Checks logins; slow for those who guess."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._wrong = Throttle(WRONG_LOGINS, WRONG_WINDOW_S)

    async def admit(self, connect: Connect, address: str) -> Device:
        """The device that connects. Raises Refused with a reason for our log."""
        request = LoginRequest(
            user_key="",
            server_id="",
            user=connect.user or "",
            password=(connect.password or b"").decode("utf-8", "replace"),
            client_id=connect.client_id,
            mqtt=True,
            address=address,
        )
        key, now = (address, request.user), self._clock()
        if self._wrong.is_full(key, now):
            raise Refused("too many wrong log-ins; wait a minute")
        try:
            await check(request, self._store.devices.get)
        except Refused:
            self._wrong.count(key, now)
            raise
        device = await self._store.devices.get(request.user)
        if device is None:
            raise Refused("there is no such device")
        if not await self._store.doors.is_open(device.product_key):
            raise Refused(
                f"product {device.product_key} is closed to modules with the vendor's firmware; "
                f"`wxlink doors on {device.product_key}` opens it"
            )
        return device
