"""What is known of a user is handed out whole, and forgotten whole."""

from typing import Any

from aiohttp.test_utils import TestClient
from http_ground import bound, headers
from relay_ground import APPID, MAC, NOW, PASSCODE, PRODUCT_KEY
from sqlalchemy import func, select

from wxlink.relay.events import BindingChanged
from wxlink.relay.service import Login, Service
from wxlink.relay.store import HOUR_S, Report
from wxlink.relay.store.personal_data import SECRETS, personal_columns
from wxlink.relay.store.schema import connections, history, hours, metadata, users


async def _rows(service: Service, uid: str) -> dict[str, int]:
    """How many rows still name the user, by table."""
    async with service.store._database.read() as conn:
        return {
            f"{table.name}.{column.name}": found
            for table, column in personal_columns()
            if (
                found := (
                    await conn.execute(select(func.count()).select_from(table).where(column == uid))
                ).scalar_one()
            )
        }


def test_every_table_that_names_users_is_found() -> None:
    named = {table.name for table, _ in personal_columns()}
    referring = {
        table.name
        for table in metadata.sorted_tables
        if any(key.column is users.c.uid for key in table.foreign_keys)
    }
    assert named >= referring | {"users"}
    for table, _ in personal_columns():
        unnamed = [one.name for one in table.columns if "secret" in one.name or "password" in one.name]
        assert set(unnamed) <= SECRETS


async def test_a_user_gets_all_that_is_known_and_no_secret(
    client: TestClient[Any, Any], service: Service, login: Login, did: str
) -> None:
    await bound(service, login, did)
    await service.describe(login.uid, did, alias="厨房")
    await service.store.states.apply([Report(did, NOW, 0x91, b"\x04\x01", {"LED_R": 1})])
    async with client.get("/app/users/export", headers=headers(login)) as response:
        told = await response.json()
    assert [row["phone_id"] for row in told["users"]] == ["phone-1"]
    assert [row["alias"] for row in told["bindings"]] == ["厨房"]
    assert [row["p0"] for row in told["history"]] == ["0401"]
    assert told["tokens"]
    assert login.token not in str(told)
    assert not [name for rows in told.values() for row in rows for name in row if name in SECRETS]


async def test_a_user_is_forgotten_whole_and_others_keep_theirs(
    client: TestClient[Any, Any], service: Service, login: Login, did: str
) -> None:
    told: list[BindingChanged] = []
    service.bus.watch_user(login.uid, told.append)
    other = await service.anonymous_user(APPID, "phone-2")
    shared = await service.register_device(PRODUCT_KEY, f"{MAC}2", PASSCODE)
    await bound(service, login, did)
    for uid in (login.uid, other.uid):
        await service.bind_by_passcode(uid, shared, PASSCODE)
    await service.open_page_session(login.uid)
    for one in (did, shared):
        await service.store.devices.set_presence(one, True, "11111111", NOW)
        for at in (NOW, NOW + HOUR_S):
            await service.store.states.apply([Report(one, at, 0x91, b"\x04\x01", {"LED_R": 1})])
    assert await _rows(service, login.uid)
    async with client.delete("/app/users", headers=headers(login)) as response:
        assert response.status == 200
    assert await _rows(service, login.uid) == {}
    assert {event.did for event in told if not event.bound} == {did, shared}
    async with client.get("/app/users", headers=headers(login)) as response:
        assert (await response.json())["error_code"] == 9004
    async with service.store._database.read() as conn:
        for table in (history, connections, hours):
            left = set((await conn.execute(select(table.c.did))).scalars())
            assert left == {shared}, table.name
    assert list(await service.store.hours.of_device(did, 0, 10**6)) == []
    assert (await service.store.states.latest(did)).attrs == {}
    (owned,) = await service.bindings(other.uid)
    assert owned.binding.role == "special"
