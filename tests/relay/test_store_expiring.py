"""What is used once or for a time: claims, tickets, sessions, tokens, pushes."""

from relay_ground import APPID, NOW

from wxlink.relay.store import First, Pending, Redeemed, Refusal, Replied, Store, Token
from wxlink.relay.store.claims import CLAIMS_A_DEVICE, REMEMBERED_S
from wxlink.relay.store.users import TOKENS_A_USER


async def add_user(store: Store, phone_id: str) -> str:
    return (await store.users.anonymous(APPID, phone_id, f"{phone_id:0>32}", "en", NOW)).uid


async def test_a_claim_binds_one_user_once(store: Store, did: str) -> None:
    first, second = await add_user(store, "a"), await add_user(store, "b")
    await store.claims.add("claim", did, NOW + 10)
    assert await store.claims.redeem("claim", first, NOW) == Redeemed(did, True)
    assert await store.claims.redeem("claim", first, NOW + 1) == Redeemed(did, False)
    assert await store.claims.redeem("claim", second, NOW) is Refusal.USED
    assert await store.bindings.get(first, did) is not None
    assert await store.bindings.get(second, did) is None


async def test_a_used_claim_does_not_bring_back_a_binding_that_was_undone(store: Store, did: str) -> None:
    user = await add_user(store, "a")
    await store.claims.add("claim", did, NOW + 10)
    await store.claims.redeem("claim", user, NOW)
    await store.bindings.unbind(user, did, NOW)
    assert await store.claims.redeem("claim", user, NOW) is Refusal.USED
    assert await store.bindings.get(user, did) is None


async def test_a_claim_expires_and_is_told_apart_from_an_unknown_one_for_a_day(
    store: Store, did: str
) -> None:
    user = await add_user(store, "a")
    await store.claims.add("claim", did, NOW + 10)
    assert await store.claims.redeem("claim", user, NOW + 10) is Refusal.EXPIRED
    assert await store.claims.prune(NOW + 9 + REMEMBERED_S) == 0
    assert await store.claims.prune(NOW + 10 + REMEMBERED_S) == 1
    assert await store.claims.redeem("claim", user, NOW) is Refusal.UNKNOWN


async def test_a_device_keeps_its_newest_claims_only(store: Store, did: str) -> None:
    user = await add_user(store, "a")
    for i in range(CLAIMS_A_DEVICE + 1):
        await store.claims.add(f"claim{i}", did, NOW + 10 + i)
    assert await store.claims.redeem("claim0", user, NOW) is Refusal.UNKNOWN
    assert await store.claims.redeem("claim1", user, NOW) == Redeemed(did, True)


async def test_a_user_keeps_the_newest_tokens_only(store: Store) -> None:
    user = await add_user(store, "a")
    for i in range(TOKENS_A_USER + 1):
        await store.users.add_token(f"token{i}", Token(user, APPID, NOW + i))
    assert await store.users.token("token0") is None
    assert await store.users.token("token1") == Token(user, APPID, NOW + 1)
    assert await store.users.prune(NOW + 1) == 1
    assert await store.users.token("token1") is None


async def test_a_push_is_handled_by_one_and_answered_to_all(store: Store) -> None:
    assert await store.pushes.claim("key", NOW, ttl_s=60) == First()
    assert await store.pushes.claim("key", NOW + 1, ttl_s=60) == Pending()
    await store.pushes.reply("key", b"<xml/>")
    assert await store.pushes.claim("key", NOW + 2, ttl_s=60) == Replied(b"<xml/>")
    await store.pushes.reply("key", b"")
    assert await store.pushes.claim("key", NOW + 2, ttl_s=60) == Replied(b"")
    assert await store.pushes.claim("other", NOW + 2, ttl_s=60) == First()
    assert await store.pushes.claim("key", NOW + 60, ttl_s=60) == First()
    assert await store.pushes.claim("key", NOW + 61, ttl_s=60) == Pending()
    assert await store.pushes.prune(NOW + 119) == 1
    assert await store.pushes.prune(NOW + 120) == 1


async def test_an_openid_has_one_uid_an_account(store: Store) -> None:
    uid = await store.people.uid("wx1", "openid", "1" * 32, NOW)
    assert await store.people.uid("wx1", "openid", "2" * 32, NOW) == uid == "1" * 32
    assert await store.people.uid("wx2", "openid", "3" * 32, NOW) == "3" * 32
    user = await store.users.get(uid)
    assert user is not None
    assert (user.appid, user.phone_id) == (None, None)
