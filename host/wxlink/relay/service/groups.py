"""Groups: a user's devices by room, or of one kind to be controlled as one."""

import asyncio
import re
import secrets
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from wxlink.relay import values
from wxlink.relay.errors import ApiError
from wxlink.relay.service.control import Control
from wxlink.relay.service.core import DID, check_text
from wxlink.relay.store import Group, Member, NamedGroup, Origin
from wxproto import envelope

GROUP_NAME_MAX: Final = 255  # characters
_ID: Final = re.compile(r"[0-9a-f]{24}")


class Controlled(NamedTuple):
    """A device of a group, and whether its command is on the way."""

    did: str
    result: bool


class Groups(Control):
    """Use cases of groups. All raise ApiError 9015 when the user has no group with the id."""

    async def add_group(self, uid: str, name: str, product_key: str | None = None) -> str:
        """Make a group; its id. product_key: the only product in it, which lets it be controlled.

        Raises ApiError: 9002 no such product, 9015 the name, 9041 the user has all the groups they may have.
        """
        check_text("group_name", name, GROUP_NAME_MAX, 1)
        if product_key:
            await self.product_for(uid, product_key)
        now = self.clock()
        group = Group(secrets.token_hex(12), uid, name, product_key or None, now, now)
        await self.store.groups.add(group)
        return group.id

    async def groups(self, uid: str) -> list[NamedGroup]:
        """The user's groups, oldest first."""
        return await self.store.groups.of_user(uid)

    async def rename_group(self, uid: str, group: str, name: str) -> None:
        """Give a group another name."""
        check_text("group_name", name, GROUP_NAME_MAX, 1)
        if not await self.store.groups.rename(uid, _known(group), name, self.clock()):
            raise _missing()

    async def remove_group(self, uid: str, group: str) -> None:
        """Delete a group; its devices stay the user's."""
        if not await self.store.groups.remove(uid, _known(group)):
            raise _missing()

    async def group_devices(self, uid: str, group: str) -> list[Member]:
        """The devices in a group."""
        return await self.store.groups.members(uid, (await self._group(uid, group)).id)

    async def put_into_group(self, uid: str, group: str, dids: Collection[str]) -> dict[str, ApiError]:
        """Put devices into a group; those that were refused.

        Reasons: 9014 no such device, 9015 of another product or the group is full, 9017 not the user's.
        """
        found = await self._group(uid, group)
        refused = await self.refusals(uid, dids)
        rest = [did for did in dids if did not in refused]
        more = await self.store.groups.put(uid, found.id, rest, self.clock())
        if more is None:
            raise _missing()
        return {**refused, **more}

    async def take_from_group(self, uid: str, group: str, dids: Collection[str]) -> set[str]:
        """Take devices out of a group; those that were in it."""
        sound = [did for did in dids if DID.fullmatch(did)]
        gone = await self.store.groups.take(uid, _known(group), sound, self.clock())
        if gone is None:
            raise _missing()
        return gone

    async def group_control(
        self,
        uid: str,
        group: str,
        *,
        attrs: Mapping[str, Any] | None = None,
        raw: bytes | None = None,
        binary_coding: str = values.HEX,
        origin: Origin | None = None,
    ) -> list[Controlled]:
        """Send data points, or bare P0, to every device of a group of one product.

        A device that is off-line, disabled or out of reach has result False; so have all when the broker is
        away. Raises ApiError: 9015 the group is of no product, or neither attrs nor raw, 9025 a data point.
        """
        product_key = await self.group_product(uid, group)
        if attrs is not None:
            await self.check_attrs(product_key, attrs, binary_coding)
        elif not raw or raw.startswith(envelope.PREFIX):
            raise ApiError(9015, "give attrs, or raw with the action byte first")

        async def command(did: str) -> Controlled:
            try:
                if attrs is not None:
                    await self.control(uid, did, attrs, binary_coding, origin)
                else:
                    await self.raw(uid, did, raw or b"", origin)
            except ApiError:
                return Controlled(did, False)
            return Controlled(did, True)

        members = await self.store.groups.members(uid, group)
        return list(await asyncio.gather(*(command(member.did) for member in members)))

    async def group_product(self, uid: str, group: str) -> str:
        """The product of a group that can be controlled. Raises ApiError 9015 for one of any devices."""
        found = await self._group(uid, group)
        if found.product_key is None:
            raise ApiError(9015, "only a group with a product_key can be controlled")
        return found.product_key

    async def _group(self, uid: str, group: str) -> Group:
        found = await self.store.groups.get(uid, _known(group))
        if found is None:
            raise _missing()
        return found


def _known(group: str) -> str:
    if not _ID.fullmatch(group):
        raise _missing()
    return group


def _missing() -> ApiError:
    return ApiError(9015, "you have no such group")
