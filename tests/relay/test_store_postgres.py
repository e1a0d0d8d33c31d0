"""A PostgreSQL server that cannot be used says why, and one that comes back is used again."""

import asyncio
import secrets
import signal
import traceback
from collections.abc import Callable
from functools import partial

import pytest
from postgres_ground import Postgres
from relay_ground import MAC, NOW, PASSCODE, PRODUCT_KEY, lamp

from wxlink.relay.ingest.retry import until_stored
from wxlink.relay.store import CLIENT, Command, Origin, Report, Store, StoreError, store
from wxlink.relay.store.database import address

PASSWORD = "not-to-be-shown"


def poor(server: Postgres) -> str:
    """The URL of a database in which this user may do nothing."""
    user, database = (f"x{secrets.token_hex(4)}" for _ in range(2))
    server.sql(f"CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'")
    server.sql(f"CREATE DATABASE {database}")
    return server.url(database, user, PASSWORD)


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        (lambda on: on.url("postgres", password=PASSWORD), "correct user and password"),
        (lambda on: on.url("postgres", "stranger", PASSWORD), "refuses user stranger"),
        (lambda on: on.url("missing"), "createdb --owner=wxlink missing"),
        (lambda _: f"postgresql://u:{PASSWORD}@127.0.0.1:1/db", "127.0.0.1:1 cannot be reached"),
        (lambda _: f"postgresql://u:{PASSWORD}@nosuch.invalid/db", "nosuch.invalid cannot be reached"),
        (lambda _: f"mysql://u:{PASSWORD}@h/db", "write it like"),
        (poor, "make it the owner"),
    ],
)
async def test_a_server_that_cannot_be_used_is_named_with_a_remedy_and_without_its_password(
    postgres: Postgres, url: Callable[[Postgres], str], remedy: str
) -> None:
    with pytest.raises(StoreError, match=remedy) as raised:
        await Store.open(url(postgres))
    assert PASSWORD not in "".join(traceback.format_exception(raised.value))


async def test_a_server_that_is_too_old_is_refused(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SERVER_MIN", 99)
    with pytest.raises(StoreError, match="wxlink needs 99 or later"):
        await Store.open(postgres_url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_a_url_needs_no_driver(scheme: str) -> None:
    assert address(f"{scheme}://u:p@h/db").drivername == "postgresql+asyncpg"


@pytest.mark.parametrize("how", ["restarted", "killed"])
async def test_what_is_stored_while_the_server_goes_and_comes_is_stored(
    postgres: Postgres, postgres_url: str, how: str
) -> None:
    opened = await Store.open(postgres_url)
    await opened.products.put(lamp())
    did = (await opened.devices.register(PRODUCT_KEY, MAC, PASSCODE, NOW)).did
    count = 200

    async def reports() -> None:
        for number in range(count):
            batch = [Report(did, NOW + number, 0x91, b"\x04", {"LED_R": number})]
            await until_stored(partial(opened.states.apply, batch))

    storing = asyncio.create_task(reports())
    try:
        while not await opened.states.count(did, 0, NOW * 2):  # noqa: ASYNC110 - the store sets no event
            await asyncio.sleep(0.005)
        if how == "killed":
            postgres.kill()
        else:
            postgres.stop(signal.SIGINT)
        opened.commands.note(Command(did, NOW, 0x90, None, b"\x02", Origin(CLIENT)))
        await asyncio.sleep(0.3)  # some work fails meanwhile
        postgres.start()
        await asyncio.wait_for(storing, 60)
        moments = {kept.at for kept in await opened.states.reports(did, 0, NOW * 2, 2 * count)}
        assert moments == {NOW + number for number in range(count)}
        assert (await opened.states.latest(did)).attrs == {"LED_R": count - 1}
        assert await opened.commands.count(did, 0, NOW) == 1
    finally:
        storing.cancel()
        await opened.close()
