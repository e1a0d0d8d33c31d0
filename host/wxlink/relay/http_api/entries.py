"""How a device and a user look in an answer."""

from typing import Any, Literal

from msgspec import Struct

from wxlink.relay.service import Latest, Owned
from wxlink.relay.service import Login as LoggedIn
from wxlink.relay.settings import Endpoints
from wxlink.relay.store import User
from wxlink.relay.values import to_http


class LoginEntry(Struct):
    """A token; expire_at in unix seconds."""

    uid: str
    token: str
    expire_at: int


class DeviceEntry(Struct, kw_only=True):
    """A device in a binding list.

    Clients index many of these keys without a default, so all are there. The software versions are null
    until the module told its health, which GAgent never does; remark and dev_alias are never null, clients
    rely on that.
    """

    product_key: str
    did: str
    mac: str
    is_online: bool
    passcode: str
    host: str
    port: int
    port_s: int
    ws_port: int
    wss_port: int
    remark: str
    is_disabled: bool
    type: str = "normal"
    dev_alias: str
    dev_label: list[str]
    proto_ver: Literal["03", "04"]
    protoc: int = 3
    product_name: str
    wifi_soft_version: str | None
    wifi_hard_version: str | None = None
    mcu_soft_version: str | None
    mcu_hard_version: str | None = None
    is_sandbox: bool = False
    is_low_power: bool = False
    sleep_duration: int = 0
    state_last_timestamp: int
    gw_did: str | None = None
    mesh_id: str | None = None
    role: str


class LatestEntry(Struct):
    """The last state of a device; the key is `attr`, without s."""

    did: str
    updated_at: int
    attr: dict[str, Any]


class UserEntry(Struct, kw_only=True):
    """A user; what they did not tell is null."""

    username: str | None
    uid: str
    phone: str | None = None
    birthday: str | None = None
    address: str | None = None
    lang: str
    remark: str | None = None
    name: str | None = None
    is_anonymous: bool
    gender: str = "N"
    email: str | None


def login_entry(login: LoggedIn) -> LoginEntry:
    """The answer to every kind of log-in."""
    return LoginEntry(login.uid, login.token, login.expire_at)


def device_entry(owned: Owned, endpoints: Endpoints) -> DeviceEntry:
    """A device as one of its users has it."""
    binding, device, product = owned
    told = device.health or {}
    return DeviceEntry(
        product_key=device.product_key,
        did=device.did,
        mac=device.mac,
        is_online=device.online,
        passcode=device.passcode,
        host=endpoints.host,
        port=endpoints.mqtt_port,
        port_s=endpoints.mqtts_port,
        ws_port=endpoints.ws_port,
        wss_port=endpoints.wss_port,
        remark=binding.remark,
        is_disabled=device.disabled,
        dev_alias=binding.alias,
        dev_label=binding.labels,
        proto_ver="04" if product.points.variable else "03",
        product_name=product.name,
        wifi_soft_version=told.get("version"),
        mcu_soft_version=told.get("mcu_version"),
        state_last_timestamp=int(device.state_at),
        role=binding.role,
    )


def latest_entry(latest: Latest) -> LatestEntry:
    """The latest state of a device."""
    state = latest.state
    return LatestEntry(state.did, int(state.updated_at), to_http(latest.owned.product.points, state.attrs))


def user_entry(user: User) -> UserEntry:
    """A user."""
    return UserEntry(
        username=user.username,
        uid=user.uid,
        phone=user.phone,
        lang=user.lang,
        is_anonymous=user.is_anonymous,
        email=user.email,
        **user.profile,
    )
