"""What apps and pages say on the WebSocket, and what they are told: one class a message.

Apps' messages are checked against these. Three fields of `login_req` are taken as they come: public clients
send nonsense there and must not be refused for it (app-api.md 1.3).
"""

from typing import Annotated, Any, Final, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from wxlink.relay.ws_api.limits import MAX_NAMES

Byte: TypeAlias = Annotated[int, Meta(ge=0, le=255)]
Raw: TypeAlias = list[Byte]
Sn: TypeAlias = int | UnsetType


class LoginData(Struct):
    """Who logs in.

    p0_type: `attrs_v4` or `custom`. heartbeat_interval: seconds, at most 180 count. auto_subscribe: whether
    all devices of the user are watched at once.
    """

    appid: str
    uid: str
    token: str
    p0_type: Any = "attrs_v4"
    heartbeat_interval: Any = 180
    auto_subscribe: Any = True


class Login(Struct, tag_field="cmd", tag="login_req"):
    """Log in; the first message of a socket, or a new log-in on the same."""

    data: LoginData


class Watched(Struct):
    """A device that is to be watched."""

    did: str


class Subscribe(Struct, tag_field="cmd", tag="subscribe_req"):
    """Watch devices."""

    data: list[Watched]


class ReadData(Struct):
    """A device, and names of data points of a product of variable length; none: all."""

    did: str
    names: Annotated[list[str], Meta(max_length=MAX_NAMES)] | None = None


class Read(Struct, tag_field="cmd", tag="c2s_read"):
    """Ask a device for its data points. With req_sn the answer is s2c_noti with that number as res_sn."""

    data: ReadData
    req_sn: int | None = None


class WriteData(Struct):
    """A device, and data points by name."""

    did: str
    attrs: dict[str, Any]


class Write(Struct, tag_field="cmd", tag="c2s_write"):
    """Set data points. With req_sn the answer is s2c_ack, or s2c_invalid_msg."""

    data: WriteData
    req_sn: int | None = None


class RawData(Struct):
    """A device, and a frame `00 00 00 03 ...` or bare P0."""

    did: str
    raw: Raw


class SendRaw(Struct, tag_field="cmd", tag="c2s_raw"):
    """Send business data as it is."""

    data: RawData
    req_sn: int | None = None


class AckData(Struct):
    """As beside cmd; some clients write it here."""

    did: str | None = None
    res_sn: int | None = None


class Ack(Struct, tag_field="cmd", tag="c2s_ack"):
    """Answer a device's s2c_noti that carried req_sn."""

    did: str | None = None
    res_sn: int | None = None
    data: AckData | None = None


class Ping(Struct, tag_field="cmd", tag="ping"):
    """Say that the client is there."""


class LoginResult(Struct, omit_defaults=True):
    """msg: why not."""

    success: bool
    msg: str | UnsetType = UNSET


class LoginRes(Struct, tag_field="cmd", tag="login_res"):
    """The answer to login_req; nothing comes before it."""

    data: LoginResult


class Verdict(Struct):
    """What became of one device of subscribe_req."""

    did: str
    error_code: int
    msg: str


class Verdicts(Struct):
    """Both lists are always there: clients read the length of each."""

    success: list[Verdict]
    failed: list[Verdict]


class SubscribeRes(Struct, tag_field="cmd", tag="subscribe_res"):
    """The answer to subscribe_req."""

    data: Verdicts


class Attrs(Struct):
    """All data points of a product of fixed length; of another those that were told. Bytes are numbers."""

    did: str
    attrs: dict[str, Any]


class Noti(Struct, tag_field="cmd", tag="s2c_noti", omit_defaults=True):
    """A device told data points. req_sn: it wants a c2s_ack. res_sn: that of the request it answers."""

    data: Attrs
    req_sn: Sn = UNSET
    res_sn: Sn = UNSET


class Frame(Struct):
    """A whole frame, `00 00 00 03 ...`."""

    did: str
    raw: Raw


class RawNoti(Struct, tag_field="cmd", tag="s2c_raw"):
    """A device sent what has no data points, or the socket logged in with p0_type custom."""

    data: Frame


class AckNoti(Struct, tag_field="cmd", tag="s2c_ack"):
    """The device took the request with this number. did stands beside cmd."""

    res_sn: int
    did: str


class Online(Struct):
    """One public client reads `is_online`, all others `online`."""

    did: str
    passcode: str
    mac: str
    online: bool
    is_online: bool


class OnlineStatus(Struct, tag_field="cmd", tag="s2c_online_status"):
    """A device came or went."""

    data: Online


class Bind(Struct):
    """bind: whether the user has the device now."""

    did: str
    bind: bool


class BindingChanged(Struct, tag_field="cmd", tag="s2c_binding_changed"):
    """The user got or lost a device."""

    data: Bind


class Refused(Struct, omit_defaults=True):
    """A number of `GET /errors`, or 1003 not logged in, 1009 log in again, 1011 no heartbeat."""

    error_code: int
    msg: str
    detail_message: str | UnsetType = UNSET


class InvalidMsg(Struct, tag_field="cmd", tag="s2c_invalid_msg"):
    """Something was refused, or a device reported what its product does not describe."""

    data: Refused


class Pong(Struct, tag_field="cmd", tag="pong"):
    """The answer to ping."""


FROM_CLIENTS: Final[tuple[type[Struct], ...]] = (Login, Subscribe, Read, Write, SendRaw, Ack, Ping)
TO_CLIENTS: Final[tuple[type[Struct], ...]] = (
    LoginRes,
    SubscribeRes,
    Noti,
    RawNoti,
    AckNoti,
    OnlineStatus,
    BindingChanged,
    InvalidMsg,
    Pong,
)
