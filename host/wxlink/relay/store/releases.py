"""Releases: new software for modules and MCUs, and for whom each is."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database, insert
from wxlink.relay.store.schema import device_updates, releases, rollouts

MODULE: Final = 1
MCU: Final = 2
TYPES: Final = {"module": MODULE, "mcu": MCU}
"""The firmware types of the module protocol by their names."""


class Rule(NamedTuple):
    """Takes `percent` of the devices of a product (of all with an empty key), or one device."""

    product_key: str
    did: str
    percent: int


@dataclass(frozen=True, slots=True)
class File:
    """A file that is kept: hashes in hex, size in bytes, suffix with its dot."""

    sha256: str
    md5: str
    size: int
    suffix: str


@dataclass(frozen=True, slots=True)
class Release:
    """One release. An empty product_key says: of every product."""

    id: int
    type: int
    version: str
    product_key: str
    file: File
    notes: str
    stopped: bool
    revision: int
    created_at: float
    rules: tuple[Rule, ...] = ()

    @property
    def type_name(self) -> str:
        """`module` or `mcu`."""
        return next(name for name, number in TYPES.items() if number == self.type)

    @property
    def file_name(self) -> str:
        """Under which it is downloaded; GAgent reads the type of file from the suffix."""
        return f"{self.type_name}-{self.version}{self.file.suffix}"

    @property
    def for_everyone(self) -> bool:
        """Whether every device of its product, or of every product, gets it."""
        return any(not rule.did and rule.percent == 100 and self._whole(rule) for rule in self.rules)

    def takes(self, did: str, product_key: str) -> bool:
        """Whether the release is for this device: one rule that takes it is enough."""
        if self.stopped or self.product_key not in ("", product_key):
            return False
        return any(self._rule_takes(rule, did, product_key) for rule in self.rules)

    def _rule_takes(self, rule: Rule, did: str, product_key: str) -> bool:
        if rule.did:
            return rule.did == did and rule.percent > 0
        return rule.product_key in ("", product_key) and lot(self.id, did) < rule.percent

    def _whole(self, rule: Rule) -> bool:
        return rule.product_key in ("", self.product_key)


def lot(release: int, did: str) -> int:
    """0..99, drawn once for all by hash: a higher percentage only ever adds devices."""
    digest = hashlib.sha256(f"{release}:{did}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100


def is_newer(version: str, than: str) -> bool:
    """As modules compare versions: strcmp."""
    return version.encode() > than.encode("utf-8", "surrogatepass")


class AlreadyThere(Exception):
    """There is a release of this type, product and version."""

    def __init__(self, release: Release) -> None:
        self.release = release
        super().__init__(release.id)


class Releases:
    """The tables of releases and roll-outs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, kind: int, version: str, product_key: str, file: File, *, notes: str, at: float
    ) -> Release:
        """Keep a release, for nobody yet. Raises AlreadyThere."""
        row = {
            "type": kind,
            "version": version,
            "product_key": product_key,
            "sha256": file.sha256,
            "md5": file.md5,
            "size": file.size,
            "suffix": file.suffix,
            "notes": notes,
            "stopped": False,
            "revision": 0,
            "created_at": at,
        }
        same = (releases.c.type == kind, releases.c.product_key == product_key, releases.c.version == version)
        async with self._database.write() as conn:
            made = insert(conn, releases).values(row).on_conflict_do_nothing().returning(releases.c.id)
            number = (await conn.execute(made)).scalar_one_or_none()
            found = (await conn.execute(select(releases).where(*same))).one()
        if number is None:
            raise AlreadyThere(_release(found, ()))
        return _release(found, ())

    async def get(self, number: int) -> Release | None:
        """The release with this id."""
        async with self._database.read() as conn:
            row = (await conn.execute(select(releases).where(releases.c.id == number))).one_or_none()
            if row is None:
                return None
            rules = await conn.execute(_RULES.where(rollouts.c.release == number))
            return _release(row, (Rule(*rule[1:]) for rule in rules))

    async def all(self, kind: int | None = None) -> list[Release]:
        """Every release, or those of one type; oldest first."""
        query = select(releases).order_by(releases.c.id)
        if kind is not None:
            query = query.where(releases.c.type == kind)
        async with self._database.read() as conn:
            rows = list(await conn.execute(query))
            rules: dict[int, list[Rule]] = {}
            for number, *rule in await conn.execute(_RULES) if rows else ():
                rules.setdefault(number, []).append(Rule(*rule))
        return [_release(row, rules.get(row.id, ())) for row in rows]

    async def roll_out(self, number: int, rules: Iterable[Rule]) -> None:
        """Set these rules, each in place of the one for the same product or device, and start it if stopped.

        A device that is named gets a new try, whatever became of the last one.
        """
        async with self._database.write() as conn:
            for rule in rules:
                row = {"release": number, **rule._asdict()}
                setting = insert(conn, rollouts).values(row)
                await conn.execute(
                    setting.on_conflict_do_update(
                        index_elements=["release", "product_key", "did"], set_={"percent": rule.percent}
                    )
                )
                if rule.did:
                    old = delete(device_updates).where(
                        device_updates.c.did == rule.did, device_updates.c.release == number
                    )
                    await conn.execute(old)
            await _change(conn, number, stopped=False)

    async def stop(self, number: int) -> None:
        """Offer it to nobody any more; the rules stay."""
        async with self._database.write() as conn:
            await _change(conn, number, stopped=True)

    async def revisions(self) -> dict[int, int]:
        """The revision of each release that is not stopped."""
        query = select(releases.c.id, releases.c.revision).where(releases.c.stopped.is_(False))
        async with self._database.read() as conn:
            return {row.id: row.revision for row in await conn.execute(query)}


_RULES: Final = select(rollouts).order_by(rollouts.c.release, rollouts.c.product_key, rollouts.c.did)


async def _change(conn: AsyncConnection, number: int, *, stopped: bool) -> None:
    changed = update(releases).where(releases.c.id == number)
    await conn.execute(changed.values(stopped=stopped, revision=releases.c.revision + 1))


def _release(row: Row[Any], rules: Iterable[Rule]) -> Release:
    return Release(
        id=row.id,
        type=row.type,
        version=row.version,
        product_key=row.product_key,
        file=File(row.sha256, row.md5, row.size, row.suffix),
        notes=row.notes,
        stopped=row.stopped,
        revision=row.revision,
        created_at=row.created_at,
        rules=tuple(rules),
    )
