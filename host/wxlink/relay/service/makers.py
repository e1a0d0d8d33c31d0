"""Makers: the tenants of a relay. Only its operator adds, locks and limits them."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from wxlink.relay.errors import ApiError
from wxlink.relay.service.actor import AUDIT, OPERATE, READ, Actor
from wxlink.relay.service.core import Core, check_text
from wxlink.relay.service.passwords import PASSWORD_MAX, Passwords
from wxlink.relay.store import (
    MAKER_OWNER,
    QUOTAS,
    Entry,
    Maker,
    MakerMember,
    MakerTaken,
    MemberTaken,
    Used,
    Wanted,
)

MAKER_NAME: Final = re.compile(r"\S(?:.{0,62}\S)?")
MEMBER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
PASSWORD_LEAST: Final = 10  # characters; NIST SP 800-63B asks for 8, and no mixture of kinds
QUOTA_MAX: Final = 10**12
AUDIT_PAGE_MAX: Final = 1_000  # rows


class Makers(Core):
    """Use cases of makers."""

    @cached_property
    def member_passwords(self) -> Passwords:
        """Of their own: users who log in by the thousand keep no maker out."""
        return Passwords()

    async def add_maker(self, by: Actor, name: str, owner: str, password: str) -> Maker:
        """A new maker with its first owner.

        Raises ApiError: 9015 a name or the password does not do, 9019 a name is taken, 9093.
        """
        async with self.audited(by, OPERATE, "maker.add", name) as entry:
            if not MAKER_NAME.fullmatch(name):
                raise ApiError(9015, "a maker's name has 1 to 64 characters and no space at its ends")
            check_text("name", name, 64)
            first = await self._new_member(owner, MAKER_OWNER, password)
            try:
                return await self.store.makers.add(name, first, entry)
            except MakerTaken as error:
                raise ApiError(9019, f"there is a maker {name} already") from error
            except MemberTaken as error:
                raise ApiError(9019, f"there is a member {owner}, perhaps of another maker") from error

    async def makers(self, by: Actor) -> list[Maker]:
        """Every maker for the operator, one's own for a member. Raises ApiError 9093."""
        by.need(READ)
        return await self.store.makers.all() if by.maker is None else [await self.maker(by.maker)]

    async def maker_named(self, name: str) -> Maker:
        """The maker of this name. Raises ApiError 9005."""
        maker = await self.store.makers.named(name)
        if maker is None:
            raise ApiError(9005, f"there is no maker {name}")
        return maker

    async def disable_maker(self, by: Actor, id_: int, disabled: bool) -> None:
        """Lock a maker's members, apps and devices out, or let them in again. Raises ApiError 9005, 9093.

        Devices that are connected stay so until the broker asks again; what they send is no longer stored.
        """
        action = "maker.disable" if disabled else "maker.enable"
        async with self.audited(by, OPERATE, action, str(id_), id_) as entry:
            await self.maker(id_)
            await self.store.makers.set_disabled(id_, disabled, entry)

    async def set_quotas(self, by: Actor, id_: int, changes: Mapping[str, int | None]) -> dict[str, int]:
        """Change the named quotas of a maker, None lifts one; all of them afterwards.

        What is there already stays. Raises ApiError: 9005 no such maker, 9015 no such quota, 9093.
        """
        told = " ".join(f"{name}={'none' if most is None else most}" for name, most in changes.items())
        async with self.audited(by, OPERATE, "maker.quota", f"{id_} {told}", id_) as entry:
            await self.maker(id_)
            for name, most in changes.items():
                if name not in QUOTAS:
                    raise ApiError(9015, f"quotas are {', '.join(QUOTAS)}")
                if most is not None and not 0 <= most <= QUOTA_MAX:
                    raise ApiError(9015, f"a quota is a number from 0 to {QUOTA_MAX}")
            return await self.store.makers.set_quotas(id_, changes, entry)

    async def usage(self, by: Actor, id_: int, days: int) -> list[Used]:
        """A maker's last days with messages. Raises ApiError 9005 or 9093."""
        by.need(READ)
        if not by.of(id_):
            raise ApiError(9005)
        return await self.store.usage.of(id_, days)

    async def audit_log(
        self, by: Actor, wanted: Wanted, limit: int, before_id: int | None = None
    ) -> list[tuple[int, Entry]]:
        """Rows of the audit log, the newest first; a member sees those of the maker. Raises ApiError 9093."""
        by.need(AUDIT)
        if by.maker is not None and wanted.maker != by.maker:
            raise ApiError(9093, "a member sees the log of the own maker")
        for name in ("account", "action", "object"):
            check_text(name, getattr(wanted, name) or "", 255)
        return await self.store.audit.list(wanted, min(limit, AUDIT_PAGE_MAX), before_id)

    async def _new_member(self, name: str, role: str, password: str) -> MakerMember:
        if not MEMBER_NAME.fullmatch(name):
            raise ApiError(9015, "a member's name has 1 to 64 letters, digits and . _ @ + -")
        return MakerMember(name, role, await self._hashed(password), self.clock())

    async def _hashed(self, password: str) -> str:
        check_text("password", password, PASSWORD_MAX, PASSWORD_LEAST)
        return await self.member_passwords.hash(password)
