"""An owner lets guests in, and out again."""

import re
from typing import Final, NamedTuple

from wxlink.relay.errors import ApiError
from wxlink.relay.events import BindingChanged
from wxlink.relay.ids import fingerprint, new_key
from wxlink.relay.service.actor import PRODUCTS, Actor
from wxlink.relay.service.core import Core, Owned, check_text
from wxlink.relay.store import BY_QR, RULES, TO_USER, Act, Draft, Guest, Share, ShareFilter, SharePage, User

USER_SHARE_LIFE_S: Final = 86_400  # how long an invitation can be accepted, OAdoc: 24 hours
QR_SHARE_LIFE_S: Final = 900  # a code that others may see, OAdoc: 15 minutes
ALIAS_MAX: Final = 255  # characters
SHARE_ID_MAX: Final = 2**63 - 1

_UID: Final = re.compile(r"[0-9A-Za-z]{1,32}")
_CODE: Final = re.compile(r"[0-9a-f]{32}")


class Invitee(NamedTuple):
    """Whom an invitation is for: exactly one of these."""

    uid: str | None = None
    username: str | None = None
    email: str | None = None
    phone: str | None = None


class Invited(NamedTuple):
    """What came of an invitation: its id, or for one by QR code the code."""

    id: int | None
    code: str | None


class ShownShare(NamedTuple):
    """What who scanned a QR code may know before accepting."""

    share: Share
    owner: User
    device_name: str
    product_name: str


class Sharing(Core):
    """Use cases of owners and guests.

    Besides what they name, all raise ApiError: 9014 no such device, 9017 the user is not bound to it.
    """

    async def set_sharing(self, by: Actor, product_key: str, sharing: bool) -> None:
        """For makers: whether who binds a new device of a product becomes its owner, and has it alone.

        Raises ApiError: 9002 the maker has no such product, 9093 the actor may not.
        """
        shown = product_key if _CODE.fullmatch(product_key) else "?"
        async with self.audited(by, PRODUCTS, "product.sharing", shown) as entry:
            product = await self.product(product_key)
            if not by.of(product.maker):
                raise ApiError(9002)
            await self.store.products.set_sharing(product_key, sharing, entry.of(product.maker))

    async def share(self, uid: str, did: str, invitee: Invitee, minutes: int | None = None) -> Invited:
        """Invite a user of the same app for USER_SHARE_LIFE_S.

        minutes: how long the guest keeps the device once they have it, None: as long as the owner likes.
        Raises ApiError: 9015 not exactly one name, 9041 too many invitations wait, 9080 to oneself, 9081 the
        user is not its head, 9082 no such user, 9083 the guest has it, 9087 the guest is invited already.
        """
        await self.permitted(uid, did, Act.SHARE)
        guest = await self._invitee(uid, invitee)
        now = self.clock()
        draft = Draft(TO_USER, did, uid, guest, None, minutes, now + USER_SHARE_LIFE_S)
        return Invited(await self.store.shares.add(draft, now), None)

    async def share_by_qr(self, uid: str, did: str, minutes: int | None = None) -> Invited:
        """A code for the first who shows it within QR_SHARE_LIFE_S. Raises ApiError 9041 and 9081."""
        await self.permitted(uid, did, Act.SHARE)
        code, now = new_key(), self.clock()
        draft = Draft(BY_QR, did, uid, None, fingerprint(code), minutes, now + QR_SHARE_LIFE_S)
        await self.store.shares.add(draft, now)
        return Invited(None, code)

    async def shares(self, uid: str, which: ShareFilter, limit: int, skip: int) -> SharePage:
        """The invitations that the user sent or got, newest first.

        Raises ApiError 9093 when it names a device that the user is not the head of.
        """
        if which.did is not None:
            owned = await self.device(uid, which.did)
            if owned.binding.role not in RULES[Act.SHARE].roles:
                raise ApiError(9093)
        return await self.store.guest_lists.shares(uid, which, limit, skip)

    async def answer_share(self, uid: str, share: int, accept: bool) -> None:
        """Accept or refuse an invitation. Raises ApiError as `store.shares.answer`."""
        did = await self.store.shares.answer(_known(share), uid, accept, self.clock())
        if accept:
            self.bus.publish(BindingChanged(uid, did, True))

    async def cancel_share(self, uid: str, share: int) -> None:
        """Take an invitation back, an accepted one with the device. Raises as `store.shares.cancel`."""
        did, lost = await self.store.shares.cancel(_known(share), uid, self.clock())
        self._tell_unbound(did, () if lost is None else (lost,))

    async def show_share(self, uid: str, code: str) -> ShownShare:
        """What a code of a QR share stands for. Raises ApiError as `redeem_share`."""
        share, owner, name = await self.store.shares.show(_fingerprint(code), uid, self.clock())
        device = await self.registered_device(share.did)
        return ShownShare(share, owner, name, (await self.product(device.product_key)).name)

    async def redeem_share(self, uid: str, code: str) -> Owned:
        """Take the device that a code of a QR share stands for.

        Raises ApiError: 9041 it has all the guests it may have, 9083 the user has it, 9084 no such code, 9088
        too late, 9089 somebody took it, 9090 who invited no longer owns it, 9094 taken back, 9096 one's own.
        """
        did = await self.store.shares.redeem(_fingerprint(code), uid, self.clock())
        self.bus.publish(BindingChanged(uid, did, True))
        return await self.device(uid, did)

    async def name_share(self, uid: str, share: int, alias: str) -> None:
        """What the user calls the other side. Raises ApiError 9015, 9084, and 9100 for a stranger."""
        check_text("user_alias", alias, ALIAS_MAX)
        await self.store.shares.set_alias(_known(share), uid, alias)

    async def transfer(self, uid: str, did: str, guest: str) -> None:
        """Make a guest the owner in the user's place. Raises ApiError 9080, 9082 and 9093."""
        await self.permitted(uid, did, Act.TRANSFER)
        _check_uid(guest)
        await self.store.shares.transfer(uid, did, guest, self.clock())
        self._tell_unbound(did, (uid,))

    async def guests(self, uid: str, did: str) -> list[Guest]:
        """Who else has the device. Raises ApiError 9093 unless the user owns it."""
        await self.permitted(uid, did, Act.SEE_GUESTS)
        return await self.store.guest_lists.guests(did)

    async def remove_guest(self, uid: str, did: str, guest: str) -> None:
        """Take the device from a guest. Raises ApiError 9082, 9093, and 9095 for oneself."""
        await self.permitted(uid, did, Act.REMOVE_GUESTS)
        _check_uid(guest)
        await self.store.shares.remove_guest(uid, did, guest, self.clock())
        self._tell_unbound(did, (guest,))

    async def _invitee(self, uid: str, invitee: Invitee) -> str:
        given = {name: text for name, text in invitee._asdict().items() if text}
        if len(given) != 1:
            raise ApiError(9015, f"give one of {', '.join(Invitee._fields)}")
        for name, text in given.items():
            check_text(name, text, ALIAS_MAX)
        host = await self.store.users.get(uid)
        guest = None if host is None else await self.store.users.find(host.appid, *given.popitem())
        if guest is None:
            raise ApiError(9082)
        return guest.uid


def _known(share: int) -> int:
    if not 0 < share <= SHARE_ID_MAX:
        raise ApiError(9084)
    return share


def _check_uid(uid: str) -> None:
    if not _UID.fullmatch(uid):
        raise ApiError(9082)


def _fingerprint(code: str) -> str:
    if not _CODE.fullmatch(code):
        raise ApiError(9084)
    return fingerprint(code)
