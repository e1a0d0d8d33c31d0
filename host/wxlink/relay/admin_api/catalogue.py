"""A maker's products and apps."""

from typing import Any, Final

from msgspec import Struct

from wxlink.relay.admin_api.call import MemberCall, Name, Seconds
from wxlink.relay.rest import Route
from wxlink.relay.service import OVERLAP_S
from wxlink.relay.store import App, Product


class ProductEntry(Struct):
    """A product, without its secret."""

    product_key: str
    name: str
    sandbox: bool


class WholeProduct(ProductEntry):
    """A product with its definition. former_secret_until: unix seconds; null: only one secret is accepted."""

    definition: dict[str, Any]
    former_secret_until: float | None


class AddedProduct(ProductEntry):
    """A product that was just added; its secret is shown this once."""

    product_secret: str


class NewProduct(Struct, kw_only=True):
    """definition: as `wxlink product export` writes it; without a product_key one is drawn."""

    definition: dict[str, Any]
    name: Name | None = None
    sandbox: bool = False


class ProductChange(Struct, kw_only=True):
    """What is not given stays as it is."""

    definition: dict[str, Any] | None = None
    name: Name | None = None
    sandbox: bool | None = None


class Rotation(Struct):
    """How long the former secret is still accepted."""

    overlap_s: Seconds = OVERLAP_S


class ProductSecret(Struct):
    """A secret that was just drawn; it is shown this once."""

    product_secret: str


class AppEntry(Struct):
    """An app, without its secret."""

    appid: str
    name: str


class AddedApp(AppEntry):
    """An app that was just added; its secret is shown this once."""

    appsecret: str


class AppName(Struct):
    """How the app is called in lists."""

    name: Name


class AppSecret(Struct):
    """A secret that was just drawn; it is shown this once."""

    appsecret: str


async def list_products(call: MemberCall) -> list[ProductEntry]:
    """GET /admin/v1/products: the maker's products."""
    return [_product(one) for one in await call.service.products(call.by)]


async def add_product(call: MemberCall, body: NewProduct) -> AddedProduct:
    """POST /admin/v1/products: put a product on the relay."""
    added = await call.service.add_product(call.by, body.definition, name=body.name, sandbox=body.sandbox)
    return AddedProduct(added.product_key, added.name, added.sandbox, added.secret)


async def show_product(call: MemberCall) -> WholeProduct:
    """GET /admin/v1/products/{product_key}: a product with its definition."""
    one = await call.service.own_product(call.by, call.segment("product_key"))
    return WholeProduct(one.product_key, one.name, one.sandbox, one.definition, one.former_until)


async def change_product(call: MemberCall, body: ProductChange) -> ProductEntry:
    """PUT /admin/v1/products/{product_key}: change what is given."""
    return _product(
        await call.service.change_product(
            call.by,
            call.segment("product_key"),
            definition=body.definition,
            name=body.name,
            sandbox=body.sandbox,
        )
    )


async def rotate_product_secret(call: MemberCall, body: Rotation) -> ProductSecret:
    """POST /admin/v1/products/{product_key}/secret: draw a new secret; both are accepted for a time."""
    key = call.segment("product_key")
    return ProductSecret(await call.service.rotate_product_secret(call.by, key, body.overlap_s))


async def remove_product(call: MemberCall) -> None:
    """DELETE /admin/v1/products/{product_key}: forget a product without devices."""
    await call.service.remove_product(call.by, call.segment("product_key"))


async def list_apps(call: MemberCall) -> list[AppEntry]:
    """GET /admin/v1/apps: the maker's apps."""
    return [_app(one) for one in await call.service.apps(call.by)]


async def add_app(call: MemberCall, body: AppName) -> AddedApp:
    """POST /admin/v1/apps: let a client program call the app APIs."""
    added = await call.service.add_app(call.by, body.name)
    return AddedApp(added.appid, added.name, added.secret)


async def rename_app(call: MemberCall, body: AppName) -> AppEntry:
    """PUT /admin/v1/apps/{appid}: give another name."""
    return _app(await call.service.rename_app(call.by, call.segment("appid"), body.name))


async def rotate_app_secret(call: MemberCall, body: Rotation) -> AppSecret:
    """POST /admin/v1/apps/{appid}/secret: draw a new secret; both are accepted for a time."""
    return AppSecret(await call.service.rotate_app_secret(call.by, call.segment("appid"), body.overlap_s))


async def remove_app(call: MemberCall) -> None:
    """DELETE /admin/v1/apps/{appid}: forget an app without users."""
    await call.service.remove_app(call.by, call.segment("appid"))


def _product(one: Product) -> ProductEntry:
    return ProductEntry(one.product_key, one.name, one.sandbox)


def _app(one: App) -> AppEntry:
    return AppEntry(one.appid, one.name)


_PRODUCTS: Final = "/admin/v1/products"
_APPS: Final = "/admin/v1/apps"

ROUTES: Final = (
    Route("GET", _PRODUCTS, list_products),
    Route("POST", _PRODUCTS, add_product, (201,), (9001, 9012)),
    Route("GET", f"{_PRODUCTS}/{{product_key}}", show_product, errors=(9002,)),
    Route("PUT", f"{_PRODUCTS}/{{product_key}}", change_product, errors=(9002,)),
    Route("POST", f"{_PRODUCTS}/{{product_key}}/secret", rotate_product_secret, errors=(9002,)),
    Route("DELETE", f"{_PRODUCTS}/{{product_key}}", remove_product, errors=(9002, 9015)),
    Route("GET", _APPS, list_apps),
    Route("POST", _APPS, add_app, (201,), (9012,)),
    Route("PUT", f"{_APPS}/{{appid}}", rename_app, errors=(9003,)),
    Route("POST", f"{_APPS}/{{appid}}/secret", rotate_app_secret, errors=(9003,)),
    Route("DELETE", f"{_APPS}/{{appid}}", remove_app, errors=(9003, 9015)),
)
