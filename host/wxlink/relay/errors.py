"""The error numbers of the app APIs: one table that the HTTP API, the WebSocket and `GET /errors` read."""

from typing import Final, NamedTuple


class ErrorText(NamedTuple):
    """What a code says on the wire, and the HTTP status it travels with."""

    text: str
    status: int


class ApiError(Exception):
    """A request that the relay refuses; `code` is a key of ERRORS.

    `detail` goes to the peer as `detail_message`: it names what to do next and never holds a secret.
    """

    def __init__(self, code: int, detail: str | None = None) -> None:
        self.code = code
        self.text, self.status = ERRORS[code]
        self.detail = detail
        super().__init__(f"{code} {self.text}" + (f" ({detail})" if detail else ""))


# Texts are kept as the public service spells them, slips included: clients compare some of them.
# Statuses: 404 for what is not found, 500 for our own fault, 400 for everything else.
ERRORS: Final[dict[int, ErrorText]] = {
    9001: ErrorText("mac already registered!", 400),
    9002: ErrorText("product_key invalid", 400),
    9003: ErrorText("appid invalid", 400),
    9004: ErrorText("token invalid!", 400),
    9005: ErrorText("user not exist", 400),
    9006: ErrorText("token expired", 400),
    9007: ErrorText("m2m_id invalid", 400),
    9008: ErrorText("server error", 500),
    9009: ErrorText("code expired", 400),
    9010: ErrorText("code invalid", 400),
    9011: ErrorText("sandbox scale quota exhausted!", 400),
    9012: ErrorText("production scale quota exhausted!", 400),
    9013: ErrorText("product has no request scale!", 400),
    9014: ErrorText("device not found!", 404),
    9015: ErrorText("form invalid!", 400),
    9016: ErrorText("did or passcode invalid!", 400),
    9017: ErrorText("device not bound!", 400),
    9018: ErrorText("phone unavailable!", 400),
    9019: ErrorText("username unavailable!", 400),
    9020: ErrorText("username or password error!", 400),
    9021: ErrorText("send command failed!", 400),
    9022: ErrorText("email unavailable!", 400),
    9023: ErrorText("device is disabled!", 400),
    9024: ErrorText("fail to notify m2m!", 400),
    9025: ErrorText("attr invalid!", 400),
    9026: ErrorText("user invalid!", 400),
    9027: ErrorText("firmware not found!", 404),
    9028: ErrorText("JD product info not found!", 400),
    9029: ErrorText("datapoint data not found!", 404),
    9030: ErrorText("scheduler not found!", 404),
    9031: ErrorText("qq oauth key invalid!", 400),
    9032: ErrorText("ota upgrade service OK, but in idle or disable!", 400),
    9033: ErrorText("bt firmware unverified,except verify device!", 400),
    9034: ErrorText("bt firmware is OK, but nothing to upgrade!", 400),
    9035: ErrorText("Save kairosdb error!", 400),
    9036: ErrorText("event not defined!", 400),
    9037: ErrorText("send sms failed!", 400),
    9038: ErrorText("X-Gizwits-Application-Auth invalid!", 400),
    9039: ErrorText("Not allowed to call deprecated API!", 400),
    9040: ErrorText("bad qrcode content!", 400),
    9041: ErrorText("request was throttled", 400),
    9042: ErrorText("device offline!", 400),
    9043: ErrorText("X-Gizwits-Timestamp invalid!", 400),
    9044: ErrorText("X-Gizwits-Signature invalid!", 400),
    9045: ErrorText("API deprecated!", 400),
    9046: ErrorText("Register already in progress!", 400),
    9077: ErrorText("email already exists but not activate!", 400),
    9080: ErrorText("can not share device to self!", 400),
    9081: ErrorText("guest or normal user can not share device!", 400),
    9082: ErrorText("guest user not found!", 404),
    9083: ErrorText("guest user alread bound!", 400),
    9084: ErrorText("sharing record not found!", 404),
    9085: ErrorText("message record not found!", 404),
    9087: ErrorText("sharing alread created,waiting for the guest to accept!", 400),
    9088: ErrorText("sharing record expired!", 400),
    9089: ErrorText("sharing record status is not unaccept!", 400),
    9090: ErrorText("owner binding disabled!", 400),
    9092: ErrorText("owner exist, guest can not bind!", 400),
    9093: ErrorText("permission denied, you are not owner!", 400),
    9094: ErrorText("sharing already canceled!", 400),
    9095: ErrorText("can not unbind self!", 400),
    9096: ErrorText("permission denied, you are not guest!", 400),
    9098: ErrorText("notify delele binding failed!", 400),
    9099: ErrorText("notify delele binding failed!", 400),
    9100: ErrorText("permission denied, you are not owner or guest!", 400),
    9101: ErrorText("permission denied, you are not the receiver!", 400),
    9220: ErrorText("scene not found!", 404),
    9221: ErrorText("the scene does not belong to you!", 400),
}
