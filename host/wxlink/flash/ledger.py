"""Every unit that was made, in one SQLite file: no identity is drawn, given or written twice."""

import argparse
import contextlib
import dataclasses
import os
import secrets
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from wxlink.flash.identity import Identity, parse_did, parse_mac, parse_product_key
from wxlink.flash.problem import FlashError

LOCK_S: Final = 30.0  # another process's transaction takes milliseconds; a slow network disk takes seconds
VERSION: Final = 1  # of the schema, in SQLite's user_version
STATES: Final = ("made", "written", "tested")

_SCHEMA: Final = """
CREATE TABLE unit (
    mac TEXT PRIMARY KEY,
    product_key TEXT NOT NULL,
    passcode TEXT NOT NULL UNIQUE,
    ap_password TEXT NOT NULL UNIQUE,
    update_key BLOB NOT NULL UNIQUE,
    did TEXT UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('made', 'written', 'tested')),
    board TEXT NOT NULL DEFAULT '',
    version TEXT NOT NULL DEFAULT '',
    holder TEXT NOT NULL DEFAULT '',
    made_at INTEGER NOT NULL
) STRICT;
CREATE TABLE history (
    id INTEGER PRIMARY KEY,
    mac TEXT NOT NULL REFERENCES unit (mac),
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX history_of_unit ON history (mac, id);
"""


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add --ledger."""
    parser.add_argument(
        "--ledger",
        type=Path,
        default=default_path(),
        metavar="FILE",
        help="the ledger of all units, SQLite; it holds their secrets (default: %(default)s)",
    )


def default_path() -> Path:
    """Where the ledger is when no one says: $XDG_DATA_HOME/wxlink/units.sqlite."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "wxlink" / "units.sqlite"


@dataclasses.dataclass(frozen=True, slots=True)
class Unit:
    """One line of the ledger. state: of STATES; board, version: what was written last; made_at: UTC s."""

    identity: Identity
    state: str
    board: str
    version: str
    made_at: int


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """What happened to a unit: at in UTC seconds, one or two words, and what a person wants to know of it."""

    at: int
    event: str
    detail: str


class Ledger:
    """The file at `path`, made with mode 0600 when it is not there. Calls raise FlashError.

    Any number of processes and threads may use one file, each through its own Ledger or a shared one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._changes() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {VERSION}")
            elif version != VERSION:
                raise FlashError(f"{path} is a ledger of another version of wxlink ({version}): use that one")

    def make(self, mac: str, product_key: str) -> Identity:
        """The identity of the chip with this mac: drawn at the first call, the same one afterwards."""
        mac, product_key = parse_mac(mac), parse_product_key(product_key)
        with self._changes() as db:
            row = db.execute("SELECT * FROM unit WHERE mac = ?", (mac,)).fetchone()
            if row is not None:
                if row["product_key"] != product_key:
                    raise FlashError(
                        f"unit {mac} was made for product {row['product_key']}: give that product key, "
                        "or another ledger"
                    )
                return _unit(row).identity
            new = Identity.draw(mac, product_key)
            db.execute(
                "INSERT INTO unit (mac, product_key, passcode, ap_password, update_key, state, made_at)"
                " VALUES (?, ?, ?, ?, ?, 'made', ?)",
                (mac, product_key, new.passcode, new.ap_password, new.update_key, _now()),
            )
            _tell(db, mac, "made", "")
            return new

    def unit(self, mac: str) -> Unit | None:
        """The unit with this mac, None when there is none."""
        with self._changes() as db:
            row = db.execute("SELECT * FROM unit WHERE mac = ?", (parse_mac(mac),)).fetchone()
        return _unit(row) if row is not None else None

    def units(self) -> list[Unit]:
        """Every unit, oldest first."""
        with self._changes() as db:
            return [_unit(row) for row in db.execute("SELECT * FROM unit ORDER BY made_at, rowid")]

    def history(self, mac: str) -> list[Event]:
        """What happened to a unit, oldest first."""
        with self._changes() as db:
            rows = db.execute(
                "SELECT at, event, detail FROM history WHERE mac = ? ORDER BY id", (parse_mac(mac),)
            )
            return [Event(*row) for row in rows]

    def registered(self, mac: str, did: str) -> None:
        """Keep the did that the relay gave to a unit."""
        with self._changes() as db:
            try:
                self._known(db.execute("UPDATE unit SET did = ? WHERE mac = ?", (parse_did(did), mac)), mac)
            except sqlite3.IntegrityError as error:
                raise FlashError(
                    f"the did of unit {mac} belongs to another unit already: ask the relay"
                ) from error
            _tell(db, mac, "registered", did)

    def tested(self, mac: str, detail: str = "") -> None:
        """The unit passed its self-test."""
        with self._changes() as db:
            self._known(db.execute("UPDATE unit SET state = 'tested' WHERE mac = ?", (mac,)), mac)
            _tell(db, mac, "tested", detail)

    def note(self, mac: str, event: str, detail: str) -> None:
        """Add to a unit's history without changing its state: a test that failed, for example."""
        with self._changes() as db:
            _tell(db, mac, event, detail)

    @contextlib.contextmanager
    def writing(self, mac: str, board: str, version: str, *, again: bool = False) -> Iterator[Identity]:
        """Hold a unit while its flash is written; it is `written` when the block ends without an exception.

        Refused while another process holds it, and, without `again`, when it was written before: two chips
        with one address would get one identity. A holder on this machine that has died holds nothing.
        """
        mac, holder = parse_mac(mac), f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(4)}"
        with self._changes() as db:
            row = db.execute("SELECT * FROM unit WHERE mac = ?", (mac,)).fetchone()
            if row is None:
                raise FlashError(f"unit {mac} is not in {self.path}: run `wxlink flash identity` first")
            if row["holder"] and _is_alive(row["holder"]):
                raise FlashError(
                    f"unit {mac} is being written by another station ({row['holder']}): wait for it"
                )
            if row["state"] != "made" and not again:
                raise FlashError(
                    f"unit {mac} was written before: give --again to write the same unit once more; if it is "
                    "another one, two chips have one address: take this one out"
                )
            db.execute("UPDATE unit SET holder = ? WHERE mac = ?", (holder, mac))
            _tell(db, mac, "writing", board)
        written, detail = False, ""
        try:
            yield _unit(row).identity
            written = True
        except BaseException as error:
            detail = str(error) if isinstance(error, FlashError) else type(error).__name__
            raise
        finally:
            with self._changes() as db:
                db.execute("UPDATE unit SET holder = '' WHERE mac = ? AND holder = ?", (mac, holder))
                if written:
                    db.execute(
                        "UPDATE unit SET state = 'written', board = ?, version = ? WHERE mac = ?",
                        (board, version, mac),
                    )
                _tell(db, mac, "written" if written else "write failed", version if written else detail)

    def _known(self, cursor: sqlite3.Cursor, mac: str) -> None:
        if not cursor.rowcount:
            raise FlashError(f"unit {mac} is not in {self.path}: run `wxlink flash identity` first")

    @contextlib.contextmanager
    def _changes(self) -> Iterator[sqlite3.Connection]:
        """One transaction that no other process can come between."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            with contextlib.closing(sqlite3.connect(self.path, timeout=LOCK_S, isolation_level=None)) as db:
                db.row_factory = sqlite3.Row
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                except BaseException:
                    db.execute("ROLLBACK")
                    raise
                db.execute("COMMIT")
        except sqlite3.Error as error:
            raise FlashError(
                f"the ledger {self.path} cannot be used ({error}): name another with --ledger"
            ) from error
        except OSError as error:
            raise FlashError(
                f"the ledger {self.path}: {error.strerror}: name another with --ledger"
            ) from error


def _unit(row: sqlite3.Row) -> Unit:
    who = Identity(*(row[field.name] for field in dataclasses.fields(Identity)))
    return Unit(who, row["state"], row["board"], row["version"], row["made_at"])


def _tell(db: sqlite3.Connection, mac: str, event: str, detail: str) -> None:
    db.execute(
        "INSERT INTO history (mac, at, event, detail) VALUES (?, ?, ?, ?)", (mac, _now(), event, detail)
    )


def _now() -> int:
    return int(time.time())


def _is_alive(holder: str) -> bool:
    host, pid, _ = holder.split(" ")
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
