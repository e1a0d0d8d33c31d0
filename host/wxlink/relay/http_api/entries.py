"""How a device and a user look in an answer."""

from typing import Any

from wxlink.relay.service import Latest, Owned
from wxlink.relay.settings import Endpoints
from wxlink.relay.store import User
from wxlink.relay.values import to_http


def device_entry(owned: Owned, endpoints: Endpoints) -> dict[str, Any]:
    """A device in a binding list.

    Clients index many of these keys without a default, so all are there. The software versions are null
    until the module told its health, which GAgent never does; remark and dev_alias are never null, clients
    rely on that.
    """
    binding, device, product = owned
    told = device.health or {}
    return {
        "product_key": device.product_key,
        "did": device.did,
        "mac": device.mac,
        "is_online": device.online,
        "passcode": device.passcode,
        "host": endpoints.host,
        "port": endpoints.mqtt_port,
        "port_s": endpoints.mqtts_port,
        "ws_port": endpoints.ws_port,
        "wss_port": endpoints.wss_port,
        "remark": binding.remark,
        "is_disabled": device.disabled,
        "type": "normal",
        "dev_alias": binding.alias,
        "dev_label": binding.labels,
        "proto_ver": "04" if product.points.variable else "03",
        "protoc": 3,
        "product_name": product.name,
        "wifi_soft_version": told.get("version"),
        "wifi_hard_version": None,
        "mcu_soft_version": told.get("mcu_version"),
        "mcu_hard_version": None,
        "is_sandbox": False,
        "is_low_power": False,
        "sleep_duration": 0,
        "state_last_timestamp": int(device.state_at),
        "gw_did": None,
        "mesh_id": None,
        "role": binding.role,
    }


def latest_entry(latest: Latest) -> dict[str, Any]:
    """The last state of a device; the key is `attr`, without s."""
    return {
        "did": latest.state.did,
        "updated_at": int(latest.state.updated_at),
        "attr": to_http(latest.owned.product.points, latest.state.attrs),
    }


def user_entry(user: User) -> dict[str, Any]:
    """A user. This relay keeps no phone numbers and no profiles."""
    return {
        "username": user.username,
        "uid": user.uid,
        "phone": None,
        "birthday": None,
        "address": None,
        "lang": user.lang,
        "remark": None,
        "name": None,
        "is_anonymous": user.is_anonymous,
        "gender": "N",
        "email": user.email,
    }
