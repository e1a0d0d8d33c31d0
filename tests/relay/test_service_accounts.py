"""Who a user is: registration, log-in, tokens."""

import asyncio

import pytest
from relay_ground import APPID, NOW, Clock

from wxlink.relay.errors import ApiError
from wxlink.relay.service import Service
from wxlink.relay.service.accounts import LOGIN_FAILURES, LOGIN_WINDOW_S
from wxlink.relay.service.throttle import KEYS_MAX, Throttle
from wxlink.relay.store import App

OTHER_APPID = "ffee99887766554433221100ddccbbaa"


def refused(code: int) -> "pytest.RaisesExc[ApiError]":
    return pytest.raises(ApiError, match=f"^{code} ")


async def test_the_same_phone_id_is_the_same_user_with_a_new_token(service: Service) -> None:
    first, second = [await service.anonymous_user(APPID, "phone") for _ in range(2)]
    assert first.uid == second.uid
    assert first.token != second.token
    for login in (first, second):  # an older token stays valid
        assert await service.authenticate(APPID, login.token) == first.uid


async def test_phones_that_come_together_are_one_user(service: Service) -> None:
    logins = await asyncio.gather(*(service.anonymous_user(APPID, "phone") for _ in range(8)))
    assert len({login.uid for login in logins}) == 1


async def test_a_phone_id_means_something_to_one_app_only(service: Service) -> None:
    await service.store.apps.put(App(OTHER_APPID, "other", "s"))
    mine, other = (
        await service.anonymous_user(APPID, "phone"),
        await service.anonymous_user(OTHER_APPID, "phone"),
    )
    assert mine.uid != other.uid
    with refused(9004):
        await service.authenticate(OTHER_APPID, mine.token)


async def test_an_openid_does_not_open_what_wechat_vouched_for(service: Service) -> None:
    person = await service.person("wx0123456789abcdef", "openid-1")
    assert await service.person("wx0123456789abcdef", "openid-1") == person
    assert (await service.anonymous_user(APPID, "openid-1")).uid != person
    with refused(9003):
        await service.anonymous_user("wx0123456789abcdef", "openid-1")
    with refused(9020):
        await service.login(APPID, "openid-1", "")


async def test_a_token_ends_with_its_life(service: Service, clock: Clock) -> None:
    login = await service.anonymous_user(APPID, "phone")
    assert login.expire_at == NOW + service.settings.token_life_s
    clock.now = login.expire_at - 1
    assert await service.authenticate(APPID, login.token) == login.uid
    clock.now = login.expire_at
    with refused(9004):
        await service.authenticate(APPID, login.token)
    assert await service.prune() >= 1


@pytest.mark.parametrize("token", ["", "0" * 32, "x" * 10_000, "\udcff", "黄"])
async def test_a_token_that_is_none_is_refused(service: Service, token: str) -> None:
    with refused(9004):
        await service.authenticate(APPID, token)


@pytest.mark.parametrize("appid", ["", "0" * 32, "x" * 10_000, "\udcff", "a b"])
async def test_an_app_that_is_none_is_refused(service: Service, appid: str) -> None:
    with refused(9003):
        await service.anonymous_user(appid, "phone")
    with refused(9003):
        await service.authenticate(appid, "token")


async def test_a_named_user_logs_in_with_name_or_address(service: Service) -> None:
    alice = await service.named_user(APPID, "Secret-123", username="alice", lang="zh-cn")
    bob = await service.named_user(APPID, "Secret-456", email="Bob@Example.org")
    assert (await service.login(APPID, "alice", "Secret-123")).uid == alice.uid
    assert (await service.login(APPID, "bob@example.ORG", "Secret-456")).uid == bob.uid
    user = await service.user(alice.uid)
    assert (user.username, user.lang, user.is_anonymous) == ("alice", "zh-cn", False)
    assert user.password is not None
    assert "Secret" not in user.password


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"username": "alice"}, 9019),
        ({"username": "bob@example.org"}, 9019),
        ({"email": "bob@EXAMPLE.org"}, 9022),
        ({"email": "carol@example.org"}, 9022),
        ({"email": "no address"}, 9022),
        ({"username": ""}, 9015),
        ({"username": "x" * 129}, 9015),
        ({"username": "\ud800"}, 9015),
        ({"username": "a\0b"}, 9015),
    ],
)
async def test_a_name_that_cannot_be_had(service: Service, given: dict[str, str], code: int) -> None:
    await service.named_user(APPID, "p", username="alice")
    await service.named_user(APPID, "p", username="carol@example.org")
    await service.named_user(APPID, "p", email="bob@example.org")
    with refused(code):
        await service.named_user(APPID, "p", **given)  # type: ignore[arg-type]  # keyword arguments by name


async def test_wrong_name_and_wrong_password_look_the_same(service: Service) -> None:
    await service.named_user(APPID, "right", username="alice")
    for username, password in (("alice", "wrong"), ("nobody", "right"), ("alice", "")):
        with pytest.raises(ApiError) as error:
            await service.login(APPID, username, password)
        assert (error.value.code, error.value.detail) == (9020, None)


async def test_guessing_is_stopped_for_that_name_and_for_a_while(service: Service, clock: Clock) -> None:
    await service.named_user(APPID, "right", username="alice")
    await service.named_user(APPID, "right", username="bob")
    outcomes = await asyncio.gather(
        *(service.login(APPID, "alice", "wrong") for _ in range(LOGIN_FAILURES + 5)), return_exceptions=True
    )
    codes = [outcome.code for outcome in outcomes if isinstance(outcome, ApiError)]
    assert codes.count(9020) == LOGIN_FAILURES
    assert codes.count(9041) == 5
    with refused(9041):
        await service.login(APPID, "Alice", "right")
    assert await service.login(APPID, "bob", "right")
    clock.now += LOGIN_WINDOW_S
    assert await service.login(APPID, "alice", "right")


async def test_a_right_password_wipes_out_the_wrong_ones(service: Service) -> None:
    await service.named_user(APPID, "right", username="alice")
    for _ in range(3):
        for _ in range(LOGIN_FAILURES - 1):
            with refused(9020):
                await service.login(APPID, "alice", "wrong")
        assert await service.login(APPID, "alice", "right")


def test_a_throttle_forgets_the_oldest_key_first() -> None:
    throttle = Throttle(1, 60)
    for key in range(KEYS_MAX + 1):
        throttle.count(key, NOW)
    assert not throttle.is_full(0, NOW)
    assert throttle.is_full(1, NOW)
    assert throttle.is_full(KEYS_MAX, NOW)
