"""What belongs to one maker is nothing to another; quotas; secrets and tokens that end. On every database."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from live import until_async
from makers_ground import OPERATOR, PASSWORD, House, definition, house
from relay_ground import APPID, MAC, NOW, PASSCODE, PRODUCT_KEY, Clock, Wire

from wxlink.relay.downlink import Asks, Downlink
from wxlink.relay.errors import ApiError
from wxlink.relay.events import Bus
from wxlink.relay.ids import fingerprint
from wxlink.relay.service import RIGHTS, Actor, Service, operator
from wxlink.relay.service.members import FAILURES, FAILURES_WINDOW_S, SESSION_LIFE_S
from wxlink.relay.settings import DAY_S, RelaySettings
from wxlink.relay.store import DEFAULT_MAKER, App, Entry, Store, Wanted


def refused(*codes: int) -> "pytest.RaisesExc[ApiError]":
    return pytest.raises(ApiError, match="|".join(f"^{code} " for code in codes))


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
async def acme(service: Service) -> House:
    return await house(service, "acme")


@pytest.fixture
async def bolt(service: Service) -> House:
    return await house(service, "bolt")


async def test_what_was_there_before_belongs_to_the_first_maker(service: Service) -> None:
    assert [maker.name for maker in await service.store.makers.all()] == ["default"]
    assert (await service.product(PRODUCT_KEY)).maker == DEFAULT_MAKER
    assert (await service.app(APPID)).maker == DEFAULT_MAKER


Reach = Callable[[Service, House, House], Awaitable[object]]

# Every call of one maker's member that names a thing, made with another's; and the refusal.
REACHES: dict[str, tuple[Reach, int]] = {
    "own_product": (lambda s, a, b: s.own_product(a.owner, b.product.product_key), 9002),
    "change_product": (lambda s, a, b: s.change_product(a.owner, b.product.product_key, name="x"), 9002),
    "rotate_product": (lambda s, a, b: s.rotate_product_secret(a.owner, b.product.product_key), 9002),
    "remove_product": (lambda s, a, b: s.remove_product(a.owner, b.product.product_key), 9002),
    "take_product": (lambda s, a, b: s.add_product(a.owner, definition(b.product.product_key)), 9001),
    "own_app": (lambda s, a, b: s.own_app(a.owner, b.app.appid), 9003),
    "rename_app": (lambda s, a, b: s.rename_app(a.owner, b.app.appid, "x"), 9003),
    "rotate_app": (lambda s, a, b: s.rotate_app_secret(a.owner, b.app.appid), 9003),
    "remove_app": (lambda s, a, b: s.remove_app(a.owner, b.app.appid), 9003),
    "own_device": (lambda s, a, b: s.own_device(a.owner, b.did), 9014),
    "disable_device": (lambda s, a, b: s.disable_device(a.owner, b.did, True), 9014),
    "take_device": (lambda s, a, b: s.hand_over(a.owner, b.did, a.login.uid), 9014),
    "give_device": (lambda s, a, b: s.hand_over(a.owner, a.did, b.login.uid), 9014),
    "remove_device": (lambda s, a, b: s.remove_device(a.owner, b.did), 9014),
    "claim_device": (lambda s, a, b: s.claim_device(a.owner, b.did), 9014),
    "set_role": (lambda s, a, b: s.set_role(a.owner, "bolt.viewer", "owner"), 9005),
    "set_password": (lambda s, a, b: s.set_password(a.owner, "bolt.owner", PASSWORD), 9005),
    "remove_member": (lambda s, a, b: s.remove_member(a.owner, "bolt.viewer"), 9005),
    "usage": (lambda s, a, b: s.usage(a.owner, b.id, 1), 9005),
    "disable_maker": (lambda s, a, b: s.disable_maker(a.owner, b.id, True), 9093),
    "set_quotas": (lambda s, a, b: s.set_quotas(a.owner, a.id, {"devices": None}), 9093),
    "add_maker": (lambda s, a, b: s.add_maker(a.owner, "mine", "me", PASSWORD), 9093),
}


async def contents(store: Store) -> list[object]:
    """All that a maker's member could change of another's."""
    return [
        await store.products.of_maker(None),
        await store.apps.of_maker(None),
        await store.devices.all(),
        await store.makers.all(),
        [await store.members.of(maker.id) for maker in await store.makers.all()],
        [await store.bindings.roles(one.did) for one in await store.devices.all()],
    ]


@pytest.mark.parametrize("name", REACHES)
async def test_nobody_reaches_into_another_makers_house(
    service: Service, acme: House, bolt: House, name: str
) -> None:
    reach, code = REACHES[name]
    before = await contents(service.store)
    with refused(code):
        await reach(service, acme, bolt)
    assert await contents(service.store) == before


async def test_lists_hold_what_is_ones_own(service: Service, acme: House, bolt: House) -> None:
    assert [one.product_key for one in await service.products(acme.owner)] == [acme.product.product_key]
    assert [one.appid for one in await service.apps(acme.owner)] == [acme.app.appid]
    assert [one.did for one in await service.fleet(acme.owner)] == [acme.did]
    assert await service.fleet(acme.owner, bolt.product.product_key) == []
    names = [one.name for one in await service.members(acme.owner)]
    assert names == ["acme.owner", "acme.admin", "acme.viewer"]
    assert [one.name for one in await service.makers(acme.owner)] == ["acme"]
    await service.add_token(bolt.owner, "bolt.owner", "theirs", ["read"])
    assert await service.tokens(acme.owner) == []


async def test_an_app_binds_devices_of_its_own_maker_only(service: Service, acme: House, bolt: House) -> None:
    """Whatever the user knows: secret, passcode, or a code that a maker issued."""
    uid, store = acme.login.uid, service.store
    stamp = str(int(NOW))
    key, secret = bolt.product.product_key, bolt.product.secret
    scene = await service.claim_device(bolt.owner, bolt.did)
    with refused(9002):
        await service.bind_mac(uid, key, MAC, timestamp=stamp, signature=md5(secret + stamp))
    with refused(9014):
        await service.bind_by_passcode(uid, bolt.did, PASSCODE)
    with refused(9014):
        await service.redeem_claim(uid, scene)
    with refused(9002):
        await service.find_device(uid, key, MAC)
    assert [one.device.did for one in await service.bindings(uid)] == [acme.did]
    assert list(await store.bindings.roles(bolt.did)) == [bolt.login.uid]
    assert (await service.redeem_claim(bolt.login.uid, scene)).device.did == bolt.did  # not used up above


async def test_a_person_of_wechat_has_devices_of_every_maker(
    service: Service, acme: House, bolt: House
) -> None:
    person = await service.person("wx", "openid-1")
    for one in (acme, bolt):
        await service.redeem_claim(person, await service.claim_device(one.owner, one.did))
    assert {one.device.did for one in await service.bindings(person)} == {acme.did, bolt.did}
    token = await service.page_login(person)
    assert await service.authenticate("77786c696e6b2d706167657300000000", token.token) == person


async def test_a_device_is_handed_over_whole(service: Service, acme: House) -> None:
    second, third = [await service.anonymous_user(acme.app.appid, f"phone-{n}") for n in (2, 3)]
    await service.bind_by_passcode(second.uid, acme.did, PASSCODE)
    await service.hand_over(acme.owner, acme.did, third.uid)
    assert await service.store.bindings.roles(acme.did) == {third.uid: "special"}
    await service.bind_by_passcode(second.uid, acme.did, PASSCODE)
    await service.hand_over(acme.owner, acme.did, second.uid)
    assert await service.store.bindings.roles(acme.did) == {second.uid: "special"}
    with refused(9005):
        await service.hand_over(acme.owner, acme.did, "nobody")


async def test_a_removed_device_registers_anew(service: Service, acme: House) -> None:
    await service.remove_device(acme.owner, acme.did)
    assert await service.bindings(acme.login.uid) == []
    with refused(9014):
        await service.own_device(acme.owner, acme.did)
    assert await service.register_device(acme.product.product_key, MAC, PASSCODE) != acme.did


async def test_a_locked_maker_locks_all_that_is_its_own(service: Service, acme: House, bolt: House) -> None:
    store = service.store
    await service.disable_maker(OPERATOR, acme.id, True)
    with refused(9003):
        await service.authenticate(acme.app.appid, acme.login.token)
    with refused(9003):
        await service.anonymous_user(acme.app.appid, "phone-9")
    with refused(9004):
        await service.actor(acme.sessions["owner"])
    with refused(9023):
        await service.log_in_member("acme.owner", PASSWORD, "192.0.2.1")
    with refused(9023):
        await service.register_device(acme.product.product_key, "0" * 12, PASSCODE)
    device = await store.devices.get(acme.did)
    assert device is not None
    assert device.disabled  # the broker's question and every command read this
    assert await store.usage.take(acme.id, 5, NOW) == 0
    assert await service.authenticate(bolt.app.appid, bolt.login.token) == bolt.login.uid
    await service.disable_maker(OPERATOR, acme.id, False)
    assert await service.authenticate(acme.app.appid, acme.login.token) == acme.login.uid
    assert not (await service.own_device(acme.owner, acme.did)).device.disabled


async def test_quotas_are_counted_where_things_are_made(service: Service, acme: House) -> None:
    key, appid = acme.product.product_key, acme.app.appid
    quotas = {"products": 2, "apps": 2, "devices": 2, "sandbox_devices": 1, "users": 2}
    assert await service.set_quotas(OPERATOR, acme.id, quotas) == quotas
    sandbox = await service.add_product(acme.owner, definition(), sandbox=True)
    await service.add_app(acme.owner, "second")
    await service.register_device(key, "second", PASSCODE)
    await service.register_device(sandbox.product_key, "first", PASSCODE)
    await service.anonymous_user(appid, "phone-2")
    for code, one_more in (
        (9012, service.add_product(acme.owner, definition())),
        (9012, service.add_app(acme.owner, "third")),
        (9012, service.register_device(key, "third", PASSCODE)),
        (9011, service.register_device(sandbox.product_key, "second", PASSCODE)),
        (9012, service.anonymous_user(appid, "phone-3")),
        (9012, service.named_user(appid, "password", username="third")),
    ):
        with refused(code):
            await one_more
    # Who is there already comes in; a module that was reset takes its own place.
    assert (await service.anonymous_user(appid, "phone-1")).uid == acme.login.uid
    assert await service.register_device(key, MAC, PASSCODE) == acme.did
    await service.register_device(key, MAC, "RESETCODE")
    await service.set_quotas(OPERATOR, acme.id, {"users": 3, "devices": None})
    await service.anonymous_user(appid, "phone-3")
    await service.register_device(key, "third", PASSCODE)


@pytest.mark.parametrize("changes", [{"cats": 1}, {"devices": -1}, {"devices": 10**13}])
async def test_a_quota_that_is_none_is_refused(service: Service, changes: dict[str, int]) -> None:
    with refused(9015):
        await service.set_quotas(OPERATOR, DEFAULT_MAKER, changes)


async def test_messages_of_a_day_are_counted_by_all_relays_together(
    service: Service, acme: House, bolt: House, store_url: str
) -> None:
    await service.set_quotas(OPERATOR, acme.id, {"messages": 10})
    usage, day = service.store.usage, int(NOW // DAY_S)
    assert await usage.take(acme.id, 6, NOW) == 6
    assert await usage.take(bolt.id, 1_000, NOW) == 1_000
    await usage.settle(day)
    other = await Store.open(store_url)
    try:
        assert await other.usage.take(acme.id, 6, NOW) == 4
        await other.usage.settle(day)
        await usage.settle(day)
        assert await usage.take(acme.id, 6, NOW) == 0
        assert await usage.take(acme.id, 6, NOW + DAY_S) == 6
        await usage.settle(day + 1)
        assert await service.usage(acme.owner, acme.id, 7) == [(day + 1, 6, 0), (day, 10, 8)]
    finally:
        await other.close()


async def test_both_secrets_of_a_product_sign_for_a_time(service: Service, acme: House, clock: Clock) -> None:
    key, uid = acme.product.product_key, acme.login.uid

    async def signs(secret: str, shape: Callable[[str], str] = str) -> bool:
        stamp = str(int(clock.now))
        try:
            await service.bind_mac(uid, key, MAC, timestamp=stamp, signature=shape(md5(secret + stamp)))
        except ApiError as error:
            return error.code != 9044
        return True

    first = acme.product.secret
    second = await service.rotate_product_secret(acme.owner, key, 3_600)
    assert first != second
    assert second == second.lower() == f"{int(second, 16):032x}"
    assert [await signs(one) for one in (first, second)] == [True, True]
    assert await signs(second, str.upper)
    third = await service.rotate_product_secret(acme.owner, key, 60)
    assert [await signs(one) for one in (first, second, third)] == [False, True, True]
    clock.now += 60
    assert [await signs(one) for one in (second, third)] == [False, True]
    fourth = await service.rotate_product_secret(acme.owner, key, 0)
    assert [await signs(one) for one in (third, fourth)] == [False, True]


async def test_both_secrets_of_an_app_prove_it_for_a_time(
    service: Service, acme: House, bolt: House, clock: Clock
) -> None:
    appid, first = acme.app.appid, acme.app.secret
    second = await service.rotate_app_secret(acme.owner, appid, 60)
    token = await service.request_app_token(appid, md5(appid + first).upper())
    await service.request_app_token(appid, md5(appid + second))
    await service.check_app_token(appid, token.token)
    with refused(9004):
        await service.check_app_token(bolt.app.appid, token.token)
    clock.now += 60
    with refused(9038):
        await service.request_app_token(appid, md5(appid + first))
    clock.now = token.expired_at
    with refused(9004):
        await service.check_app_token(appid, token.token)
    assert await service.prune() >= 1


async def test_wrong_proofs_of_an_app_are_throttled(service: Service, acme: House, clock: Clock) -> None:
    codes = []
    for _ in range(12):
        try:
            await service.request_app_token(acme.app.appid, "0" * 32)
        except ApiError as error:
            codes.append(error.code)
    assert codes == [9038] * 10 + [9041] * 2


async def test_another_process_notices_a_rotation_and_a_lock(
    service: Service, acme: House, store_url: str, wire: Wire, tmp_path: Path, *, clock: Clock
) -> None:
    store = await Store.open(store_url)
    downlink = Downlink(wire, store.devices.get, Asks())
    theirs = Service(store, Bus(), downlink, RelaySettings(data_dir=tmp_path), clock)
    try:
        key = acme.product.product_key
        assert (await theirs.product(key)).secret == acme.product.secret
        secret = await service.rotate_product_secret(acme.owner, key)
        await service.disable_maker(OPERATOR, acme.id, True)

        async def noticed() -> bool:
            return (await theirs.product(key)).secret == secret

        await until_async(noticed)
        with refused(9003):
            await theirs.check_app(acme.app.appid)
    finally:
        await store.close()


async def test_a_session_and_a_token_end(service: Service, acme: House, clock: Clock) -> None:
    owner = acme.owner
    issued = await service.add_token(owner, "acme.owner", "station", ["read", "devices"], 30)
    by_token = await service.actor(issued.secret)
    assert by_token.rights == {"read", "devices"}
    clock.now += SESSION_LIFE_S
    with refused(9004):
        await service.actor(acme.sessions["owner"])
    assert (await service.actor(issued.secret)).account == "member acme.owner"
    clock.now = NOW + 30 * DAY_S
    with refused(9004):
        await service.actor(issued.secret)
    await service.prune()
    assert await service.tokens(owner) == []
    for text in ("", "0" * 32, "x" * 10_000, "\ud800"):
        with refused(9004):
            await service.actor(text)


async def test_a_token_does_no_more_than_its_scope_and_its_member_may(service: Service, acme: House) -> None:
    issued = await service.add_token(acme.owner, "acme.owner", "station", ["devices"])
    by = await service.actor(issued.secret)
    await service.disable_device(by, acme.did, True)
    for call in (
        service.products(by),
        service.rotate_product_secret(by, acme.product.product_key),
        service.add_app(by, "x"),
        service.add_member(by, "eve", "owner", PASSWORD),
        service.audit_log(by, _all(acme), 9),
        service.add_token(by, "acme.owner", "more", ["read"]),  # a token makes no tokens
        service.set_password(by, "acme.owner", PASSWORD),
    ):
        with refused(9093):
            await call
    with refused(9093):  # not beyond the role
        await service.add_token(acme.members["viewer"], "acme.viewer", "more", ["devices"])
    with refused(9093):  # of one's own only
        await service.add_token(acme.owner, "acme.viewer", "theirs", ["read"])
    await service.add_member(acme.owner, "acme.second", "owner", PASSWORD)
    await service.set_role(acme.owner, "acme.owner", "viewer")
    assert (await service.actor(issued.secret)).rights == frozenset()


def _all(of: House) -> Wanted:
    return Wanted(of.id)


@pytest.mark.parametrize(
    ("role", "may"),
    [("owner", set(RIGHTS)), ("admin", set(RIGHTS) - {"members"}), ("viewer", {"read"})],
)
async def test_roles(service: Service, acme: House, role: str, may: set[str]) -> None:
    by = acme.members[role]
    tries: dict[str, Awaitable[object]] = {
        "read": service.products(by),
        "devices": service.disable_device(by, acme.did, False),
        "products": service.change_product(by, acme.product.product_key, name="Lamp"),
        "apps": service.rename_app(by, acme.app.appid, "Home"),
        "members": service.add_member(by, "acme.new", "viewer", PASSWORD),
        "audit": service.audit_log(by, _all(acme), 9),
    }
    done, refusals = set(), set()
    for right, call in tries.items():
        try:
            await call
            done.add(right)
        except ApiError as error:
            refusals.add(error.code)
    assert done == may
    assert refusals <= {9093}


async def test_a_maker_keeps_an_owner(service: Service, acme: House) -> None:
    for leave in (
        service.remove_member(acme.owner, "acme.owner"),
        service.set_role(acme.owner, "acme.owner", "admin"),
    ):
        with refused(9093):
            await leave
    await service.set_role(acme.owner, "acme.admin", "owner")
    # Both at once: one of them stays.
    both = await asyncio.gather(
        service.remove_member(operator("root", acme.id), "acme.owner"),
        service.remove_member(operator("root", acme.id), "acme.admin"),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in both) == ["ApiError", "NoneType"]


async def test_a_new_password_ends_the_other_sessions(service: Service, acme: House) -> None:
    other = await service.log_in_member("acme.viewer", PASSWORD, "192.0.2.2")
    token = await service.add_token(acme.members["viewer"], "acme.viewer", "screen", ["read"])
    await service.set_password(acme.members["viewer"], "acme.viewer", "another password")
    assert await service.actor(acme.sessions["viewer"])
    assert await service.actor(token.secret)
    with refused(9004):
        await service.actor(other.secret)
    with refused(9020):
        await service.log_in_member("acme.viewer", PASSWORD, "192.0.2.2")
    with refused(9093):
        await service.set_password(acme.members["viewer"], "acme.owner", "another password")
    with refused(9015):
        await service.set_password(acme.owner, "acme.owner", "short")
    await service.remove_member(acme.owner, "acme.viewer")
    with refused(9004):
        await service.actor(token.secret)


async def test_wrong_passwords_are_throttled_by_name_and_by_address(
    service: Service, acme: House, clock: Clock
) -> None:
    for number in range(FAILURES):
        with refused(9020):
            await service.log_in_member("acme.owner", "wrong", f"192.0.2.{number}")
    with refused(9041):
        await service.log_in_member("acme.owner", PASSWORD, "198.51.100.1")
    for number in range(FAILURES):
        with refused(9020):
            await service.log_in_member(f"nobody{number}", "wrong", "203.0.113.1")
    with refused(9041):
        await service.log_in_member("acme.admin", PASSWORD, "203.0.113.1")
    clock.now += FAILURES_WINDOW_S
    await service.log_in_member("acme.owner", PASSWORD, "203.0.113.1")


async def test_names_are_one_members_on_the_whole_relay(service: Service, acme: House) -> None:
    for call in (
        service.add_maker(OPERATOR, "other", "acme.viewer", PASSWORD),
        service.add_maker(OPERATOR, "acme", "somebody", PASSWORD),
        service.add_member(acme.owner, "acme.viewer", "viewer", PASSWORD),
    ):
        with refused(9019):
            await call
    assert [one.name for one in await service.store.makers.all()] == ["default", "acme"]


async def test_only_what_is_empty_is_removed(service: Service, acme: House) -> None:
    with refused(9015):
        await service.remove_product(acme.owner, acme.product.product_key)
    with refused(9015):
        await service.remove_app(acme.owner, acme.app.appid)
    await service.remove_device(acme.owner, acme.did)
    await service.remove_product(acme.owner, acme.product.product_key)
    with refused(9002):
        await service.product(acme.product.product_key)
    app = await service.add_app(acme.owner, "empty")
    await service.remove_app(acme.owner, app.appid)
    with refused(9003):
        await service.check_app(app.appid)


async def test_what_is_stored_of_tokens_and_passwords_opens_nothing(
    service: Service, acme: House, store: Store
) -> None:
    held = await store.member_tokens.get(fingerprint(acme.sessions["owner"]))
    assert held is not None
    assert PASSWORD not in held.member.password
    assert held.member.password not in repr(held)
    assert acme.product.secret not in repr(acme.product)
    assert acme.app.secret not in repr(acme.app)
    with refused(9004):
        await service.actor(fingerprint(acme.sessions["owner"]))


async def test_an_entry_can_hold_whatever_a_peer_sent(store: Store) -> None:
    entry = Entry(NOW, 1, "member \0\ud800" + "x" * 300, "a" * 99, "\n" * 300, "[::1]" * 30, "9015")
    await store.audit.add(entry)
    [(_, kept)] = await store.audit.list(Wanted(), 10)
    assert (kept.account[:9], len(kept.account), len(kept.action)) == ("member ??", 128, 40)
    assert (len(kept.object), len(kept.source)) == (255, 64)


async def test_operators_act_for_one_maker_or_for_all(service: Service, acme: House, bolt: House) -> None:
    everywhere: Actor = OPERATOR
    assert {one.did for one in await service.fleet(everywhere)} == {acme.did, bolt.did}
    await service.disable_device(everywhere, bolt.did, True)
    with refused(9015):  # whose would it be?
        await service.add_app(everywhere, "whose")
    with refused(9014):
        await service.disable_device(operator("root", acme.id), bolt.did, True)
    [(_, row)] = await service.audit_log(everywhere, _all(bolt), 1)
    assert (row.account, row.action, row.object, row.result) == (
        "operator root",
        "device.disable",
        bolt.did,
        "ok",
    )


async def test_the_relays_own_app_is_nobodys(service: Service, acme: House) -> None:
    await service.store.apps.put(App("f" * 32, "relay's own", "0" * 32, None))
    for by in (acme.owner, OPERATOR):
        assert "f" * 32 not in [one.appid for one in await service.apps(by) if one.maker == acme.id]
    with refused(9003):
        await service.rotate_app_secret(acme.owner, "f" * 32)
