"""What a maker has on the relay: products and apps, with their secrets."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from wxlink.relay.errors import ApiError
from wxlink.relay.ids import fingerprint, is_same, new_key
from wxlink.relay.service.accounts import LOGIN_FAILURES, LOGIN_WINDOW_S, TOKEN_MAX, Accounts
from wxlink.relay.service.actor import APPS, PRODUCTS, READ, Actor
from wxlink.relay.service.core import check_text
from wxlink.relay.service.throttle import Throttle
from wxlink.relay.settings import DAY_S
from wxlink.relay.store import App, AppTaken, Entry, HasDevices, HasUsers, Product, ProductTaken
from wxproto.errors import LocalError

OVERLAP_S: Final = 7 * DAY_S  # how long a former secret is accepted, unless told
OVERLAP_MAX_S: Final = 366 * DAY_S
APP_TOKEN_LIFE_S: Final = 7 * DAY_S
NAME_MAX: Final = 128  # characters
_KEY: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class AppToken:
    """An application token; `expired_at` in unix seconds."""

    token: str = field(repr=False)
    expired_at: int


class Catalogue(Accounts):
    """Use cases of products and apps.

    A secret is given out once, when it is drawn: it is 32 lower-case hex digits, since clients differ in
    what they lower-case before hashing. All raise ApiError 9093 when the actor may not.
    """

    @cached_property
    def _app_failures(self) -> Throttle:
        return Throttle(LOGIN_FAILURES, LOGIN_WINDOW_S)

    async def products(self, by: Actor) -> list[Product]:
        """The maker's products."""
        by.need(READ)
        return await self.store.products.of_maker(by.maker)

    async def own_product(self, by: Actor, product_key: str) -> Product:
        """One of the maker's products. Raises ApiError 9002."""
        by.need(READ)
        return await self._own_product(by, product_key)

    async def add_product(
        self, by: Actor, definition: Mapping[str, Any], *, name: str | None = None, sandbox: bool = False
    ) -> Product:
        """A product of its definition (the published JSON), with a secret that is drawn.

        The product key is the definition's, or drawn when it has none. Raises ApiError: 9001 there is such a
        product, perhaps of another maker, 9012 beyond the quota, 9015 the definition cannot be read.
        """
        key = definition.get("product_key") or new_key()
        shown = key if isinstance(key, str) and _KEY.fullmatch(key) else "?"
        async with self.audited(by, PRODUCTS, "product.add", shown) as entry:
            maker = await self.maker(one_maker(by))
            whole = {**definition, "product_key": key}
            title = definition.get("name", "") if name is None else name
            product = Product(key, title, new_key(), whole, maker=maker.id, sandbox=sandbox)
            _check_definition(product)
            try:
                await self.store.products.add(product, maker.quotas.get("products"), entry)
            except ProductTaken as error:
                raise ApiError(9001, "the product key is taken, perhaps by another maker") from error
            return product

    async def change_product(
        self,
        by: Actor,
        product_key: str,
        *,
        definition: Mapping[str, Any] | None = None,
        name: str | None = None,
        sandbox: bool | None = None,
    ) -> Product:
        """Change what is given. `wxlink product diff` tells beforehand what a new definition breaks.

        Raises ApiError 9002 no such product, 9015.
        """
        async with self.audited(by, PRODUCTS, "product.change", _shown(product_key)) as entry:
            product = await self._own_product(by, product_key)
            whole = product.definition if definition is None else {**definition}
            if whole.setdefault("product_key", product_key) != product_key:
                raise ApiError(9015, "the definition names another product key")
            given = {"definition": whole, "name": name, "sandbox": sandbox}
            values: dict[str, Any] = {column: value for column, value in given.items() if value is not None}
            changed = replace(product, **values)
            _check_definition(changed)
            await self.store.products.change(product_key, values, entry.of(product.maker))
            return changed

    async def rotate_product_secret(self, by: Actor, product_key: str, overlap_s: float = OVERLAP_S) -> str:
        """A new secret; the present one signs for `overlap_s` more. Raises ApiError 9002 or 9015."""
        async with self.audited(by, PRODUCTS, "product.rotate", _shown(product_key)) as entry:
            product = await self._own_product(by, product_key)
            secret, until = new_key(), self.clock() + _overlap(overlap_s)
            await self.store.products.rotate(product_key, secret, until, entry.of(product.maker))
            return secret

    async def remove_product(self, by: Actor, product_key: str) -> None:
        """Forget a product without devices. Raises ApiError 9002, 9015 when it has some."""
        async with self.audited(by, PRODUCTS, "product.remove", _shown(product_key)) as entry:
            product = await self._own_product(by, product_key)
            try:
                await self.store.products.remove(product_key, entry.of(product.maker))
            except HasDevices as error:
                raise ApiError(9015, "the product has devices: remove them first") from error

    async def apps(self, by: Actor) -> list[App]:
        """The maker's apps."""
        by.need(READ)
        return await self.store.apps.of_maker(by.maker)

    async def own_app(self, by: Actor, appid: str) -> App:
        """One of the maker's apps. Raises ApiError 9003."""
        by.need(READ)
        return await self._own_app(by, appid)

    async def add_app(self, by: Actor, name: str) -> App:
        """An app with an appid and a secret that are drawn. Raises ApiError 9012 beyond the quota, 9015."""
        appid = new_key()
        async with self.audited(by, APPS, "app.add", appid) as entry:
            maker = await self.maker(one_maker(by))
            check_text("name", name, NAME_MAX, 1)
            app = App(appid, name, new_key(), maker.id)
            try:
                await self.store.apps.add(app, maker.quotas.get("apps"), entry)
            except AppTaken as error:  # 128 random bits
                raise ApiError(9008) from error
            return app

    async def rename_app(self, by: Actor, appid: str, name: str) -> App:
        """Give an app another name. Raises ApiError 9003 or 9015."""
        async with self.audited(by, APPS, "app.change", _shown(appid)) as entry:
            app = await self._own_app(by, appid)
            check_text("name", name, NAME_MAX, 1)
            await self.store.apps.change(appid, {"name": name}, _of(entry, app))
            return replace(app, name=name)

    async def rotate_app_secret(self, by: Actor, appid: str, overlap_s: float = OVERLAP_S) -> str:
        """A new secret; the present one proves the app for `overlap_s` more. Raises ApiError 9003 or 9015."""
        async with self.audited(by, APPS, "app.rotate", _shown(appid)) as entry:
            app = await self._own_app(by, appid)
            secret, until = new_key(), self.clock() + _overlap(overlap_s)
            await self.store.apps.rotate(appid, secret, until, _of(entry, app))
            return secret

    async def remove_app(self, by: Actor, appid: str) -> None:
        """Forget an app without users. Raises ApiError 9003, 9015 when it has some."""
        async with self.audited(by, APPS, "app.remove", _shown(appid)) as entry:
            app = await self._own_app(by, appid)
            try:
                await self.store.apps.remove(appid, _of(entry, app))
            except HasUsers as error:
                raise ApiError(9015, "the app has users: erase them first") from error

    async def request_app_token(self, appid: str, auth: str) -> AppToken:
        """An application token, for who knows the app's secret.

        auth: the MD5 hex of appid and secret, in either case. Raises ApiError: 9003 no such app, 9038, 9041
        too many wrong ones.
        """
        app = await self.app(appid)
        entry = self.entry(app.maker, f"app {appid}", "app.login", appid)
        now, key = self.clock(), (appid, entry.source)
        if self._app_failures.is_full(key, now):
            raise ApiError(9041, f"too many wrong proofs; wait {LOGIN_WINDOW_S // 60} minutes")
        if not any(is_same(_auth(appid, one), auth.lower()) for one in app.secrets(now)):
            self._app_failures.count(key, now)
            await self.store.audit.add(entry.refused(9038))
            raise ApiError(9038, "the header is the MD5 hex of appid and appsecret")
        token, expires_at = new_key(), now + APP_TOKEN_LIFE_S
        await self.store.apps.add_token(fingerprint(token), appid, expires_at, entry)
        return AppToken(token, int(expires_at))

    async def check_app_token(self, appid: str, token: str) -> None:
        """Raises ApiError 9003 no such app, 9004 unless it is a live application token of this app."""
        await self.app(appid)
        known = None
        if token and len(token) <= TOKEN_MAX:
            known = await self.store.apps.token(fingerprint(token), self.clock())
        if known != appid:
            raise ApiError(9004, "get an application token by POST /app/request_token")

    async def _own_product(self, by: Actor, product_key: str) -> Product:
        product = await self.product(product_key)
        if not by.of(product.maker):
            raise ApiError(9002)
        return product

    async def _own_app(self, by: Actor, appid: str) -> App:
        app = await self.store.apps.get(appid) if _KEY.fullmatch(appid) else None
        if app is None or not (by.maker is None or app.maker == by.maker):
            raise ApiError(9003)
        return app


def _check_definition(product: Product) -> None:
    if not _KEY.fullmatch(product.product_key if isinstance(product.product_key, str) else ""):
        raise ApiError(9015, "product_key has 32 lower-case hex digits; leave it out to have one drawn")
    if not isinstance(product.name, str):
        raise ApiError(9015, "name is a text")
    check_text("name", product.name, NAME_MAX, 1)
    try:
        _ = product.codec
    except LocalError as error:
        raise ApiError(9015, f"the definition cannot be read: {error}") from error


def _overlap(overlap_s: float) -> float:
    if not 0 <= overlap_s <= OVERLAP_MAX_S:
        raise ApiError(9015, f"the overlap is 0 to {OVERLAP_MAX_S} seconds")
    return overlap_s


def _auth(appid: str, secret: str) -> str:
    return hashlib.md5((appid + secret).encode()).hexdigest()  # noqa: S324  the protocol's own


def one_maker(by: Actor) -> int:
    """The actor's maker. Raises ApiError 9015 when an operator has named none."""
    if by.maker is None:
        raise ApiError(9015, "name the maker")
    return by.maker


def _of(entry: Entry, app: App) -> Entry:
    return entry if app.maker is None else entry.of(app.maker)


def _shown(key: str) -> str:
    """A public id for the audit log; what is none may be a secret in the wrong field."""
    return key if _KEY.fullmatch(key) else "?"
