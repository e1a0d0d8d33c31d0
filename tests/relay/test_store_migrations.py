"""A database of an earlier wxlink is brought to the present schema with all that stands in it."""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from relay_ground import MAC, NOW, PASSCODE, PRODUCT_KEY, lamp
from sqlalchemy import create_engine

from wxlink.relay import store as store_package
from wxlink.relay.store import Store

MIGRATIONS = Path(store_package.__file__).with_name("migrations")
DID = "Kq7mT2xW9bRf4LsVn8Zc3d"
UID = "0" * 31 + "1"


def database_of_revision(path: Path, revision: str) -> None:
    """An empty database as the wxlink of that revision made it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with create_engine(f"sqlite:///{path}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


async def test_devices_and_bindings_of_the_first_schema_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite3"
    database_of_revision(path, "0001")
    with sqlite3.connect(path) as old:
        product = (PRODUCT_KEY, "demo lamp", "0" * 32, "{}")
        old.execute("INSERT INTO products VALUES (?, ?, ?, ?)", product)
        device = (DID, PRODUCT_KEY, MAC, PASSCODE, 1, "11111111", 0, NOW, NOW)
        old.execute("INSERT INTO devices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", device)
        old.execute("INSERT INTO users VALUES (?, NULL, NULL, NULL, NULL, NULL, 'zh', ?)", (UID, NOW))
        old.execute("INSERT INTO bindings VALUES (?, ?, 'special', '', 'hall', '[]', ?)", (UID, DID, NOW))
        old.execute("INSERT INTO states VALUES (?, ?, ?)", (DID, NOW, '{"LED_R": 7}'))
    old.close()
    store = await Store.open(f"sqlite+aiosqlite:///{path}")
    try:
        kept = await store.devices.get(DID)
        assert kept is not None
        assert (kept.mac, kept.passcode, kept.online, kept.update_key, kept.health) == (
            MAC,
            PASSCODE,
            True,
            None,
            None,
        )
        bound = await store.bindings.get(UID, DID)
        assert bound is not None
        assert (bound.binding.alias, bound.device) == ("hall", kept)
        assert (await store.states.latest(DID)).attrs == {"LED_R": 7}
        assert await store.releases.all() == []
        await store.products.put(lamp())
        again = await store.devices.register(PRODUCT_KEY, MAC, PASSCODE, NOW)
        assert again.did == DID
        await store.devices.register(PRODUCT_KEY, MAC, "RESET", NOW)
        assert await store.bindings.get(UID, DID) is None, "a reset still takes the bindings with it"
    finally:
        await store.close()
