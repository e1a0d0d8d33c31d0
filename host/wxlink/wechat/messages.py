"""What WeChat pushes: one dataclass a kind, read from a push's XML."""

from collections.abc import Callable
from dataclasses import dataclass

from wxlink.wechat.strict_xml import Element, XmlError, parse

_MAX_ID_CHARS = 64  # openids have 28, original ids 15, message ids 20
SCENE_PREFIX = "qrscene_"  # only on subscribe; SCAN carries the bare scene
_EVENT_TYPES = ("event", "device_event")
_EVENT_DISCRIMINATORS = ("EventKey", "DeviceID", "MsgID")
_MESSAGE_IDS = ("MsgId", "MsgID")


@dataclass(frozen=True, slots=True)
class Push:
    """What every push has: the account (`gh_…`), the person, the seconds, and the key that a retry repeats.

    `trusted` is False for a clear-text push: its signature does not cover the body, so it may switch nothing.
    """

    account: str
    openid: str
    created: int
    key: str
    trusted: bool
    fields: Element


@dataclass(frozen=True, slots=True)
class Text(Push):
    """A line of text."""

    content: str


@dataclass(frozen=True, slots=True)
class Image(Push):
    """A picture."""

    url: str
    media_id: str


@dataclass(frozen=True, slots=True)
class Voice(Push):
    """A recording; `recognition` is its text on the few accounts where WeChat still fills it."""

    media_id: str
    format: str
    recognition: str


@dataclass(frozen=True, slots=True)
class Video(Push):
    """A video, or a short one."""

    media_id: str
    thumb_media_id: str
    short: bool


@dataclass(frozen=True, slots=True)
class Location(Push):
    """A place; latitude and longitude in degrees as WeChat's decimal text."""

    latitude: str
    longitude: str
    scale: str
    label: str


@dataclass(frozen=True, slots=True)
class Link(Push):
    """A shared article."""

    title: str
    description: str
    url: str


@dataclass(frozen=True, slots=True)
class Subscribed(Push):
    """The person follows the account; `scene` is that of the QR code scanned, empty when there was none."""

    scene: str
    ticket: str


@dataclass(frozen=True, slots=True)
class Unsubscribed(Push):
    """The person no longer follows the account."""


@dataclass(frozen=True, slots=True)
class Scanned(Push):
    """A follower scanned a scene QR code."""

    scene: str
    ticket: str


@dataclass(frozen=True, slots=True)
class MenuClicked(Push):
    """A click button of the menu."""

    menu_key: str


@dataclass(frozen=True, slots=True)
class MenuViewed(Push):
    """A view button of the menu was followed."""

    url: str
    menu_id: str


@dataclass(frozen=True, slots=True)
class CodeScanned(Push):
    """A code was read with a scancode button; `waiting` when WeChat shows that an answer is expected."""

    menu_key: str
    scan_type: str
    result: str
    waiting: bool


@dataclass(frozen=True, slots=True)
class TemplateSent(Push):
    """Delivery of a template message: status `success`, `failed:user block` or `failed: system failed`."""

    message_id: str
    status: str


@dataclass(frozen=True, slots=True)
class NoticeConsent(Push):
    """Consent or delivery of subscription notices: one element an item, with WeChat's own field names."""

    event: str
    items: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Unknown(Push):
    """A kind this house has no use for; `fields` holds all of it."""

    message_type: str
    event: str


def parse_push(data: bytes, *, trusted: bool) -> Push:
    """Read the (decrypted) XML of a push. Raises XmlError when it is not one."""
    fields = parse(data)
    account, openid, message_type = (fields.only(tag) for tag in ("ToUserName", "FromUserName", "MsgType"))
    created = fields.only("CreateTime")
    if max(len(account), len(openid), len(message_type), len(created)) > _MAX_ID_CHARS:
        raise XmlError("an id is too long")
    if not (created.isascii() and created.isdigit()):
        raise XmlError("CreateTime is not a number")
    event = fields.value("Event")
    head = (account, openid, int(created), dedup_key(fields), trusted, fields)
    build = _EVENTS.get(event) if message_type == "event" else _MESSAGES.get(message_type)
    return build(head, fields) if build else Unknown(*head, message_type, event)


def dedup_key(fields: Element) -> str:
    """The text that a retry of a push repeats and another push does not share.

    A message has its id. An event has person, second and event; two different events of one second are kept
    apart by the first of EventKey, DeviceID and MsgID that stands anywhere in the push.
    """
    if fields.value("MsgType") not in _EVENT_TYPES:
        for tag in _MESSAGE_IDS:
            if message_id := fields.value(tag):
                return f"id|{message_id}"
    event = fields.value("Event") or fields.value("MsgType")
    return f"ev|{fields.value('FromUserName')}|{fields.value('CreateTime')}|{event}|{_discriminator(fields)}"


def _discriminator(fields: Element) -> str:
    texts = {element.tag: element.text for element in reversed(list(fields.walk()))}
    return next((texts[tag] for tag in _EVENT_DISCRIMINATORS if tag in texts), "")


_Head = tuple[str, str, int, str, bool, Element]
_Build = Callable[[_Head, Element], Push]


def _subscribed(head: _Head, x: Element) -> Push:
    return Subscribed(*head, x.value("EventKey").removeprefix(SCENE_PREFIX), x.value("Ticket"))


def _code_scanned(head: _Head, x: Element) -> Push:
    scan_type, result = x.value("ScanCodeInfo.ScanType"), x.value("ScanCodeInfo.ScanResult")
    waiting = x.value("Event") == "scancode_waitmsg"
    return CodeScanned(*head, x.value("EventKey"), scan_type, result, waiting)


def _notice_consent(head: _Head, x: Element) -> Push:
    items = tuple(element for element in x.walk() if element.tag == "List")
    return NoticeConsent(*head, x.value("Event"), items)


def _video(head: _Head, x: Element) -> Push:
    return Video(*head, x.value("MediaId"), x.value("ThumbMediaId"), x.value("MsgType") == "shortvideo")


def _location(head: _Head, x: Element) -> Push:
    return Location(*head, x.value("Location_X"), x.value("Location_Y"), x.value("Scale"), x.value("Label"))


_MESSAGES: dict[str, _Build] = {
    "text": lambda head, x: Text(*head, x.value("Content")),
    "image": lambda head, x: Image(*head, x.value("PicUrl"), x.value("MediaId")),
    "voice": lambda head, x: Voice(*head, x.value("MediaId"), x.value("Format"), x.value("Recognition")),
    "video": _video,
    "shortvideo": _video,
    "location": _location,
    "link": lambda head, x: Link(*head, x.value("Title"), x.value("Description"), x.value("Url")),
}

_EVENTS: dict[str, _Build] = {
    "subscribe": _subscribed,
    "unsubscribe": lambda head, x: Unsubscribed(*head),
    "SCAN": lambda head, x: Scanned(*head, x.value("EventKey"), x.value("Ticket")),
    "CLICK": lambda head, x: MenuClicked(*head, x.value("EventKey")),
    "VIEW": lambda head, x: MenuViewed(*head, x.value("EventKey"), x.value("MenuId")),
    "scancode_push": _code_scanned,
    "scancode_waitmsg": _code_scanned,
    "TEMPLATESENDJOBFINISH": lambda head, x: TemplateSent(*head, x.value("MsgID"), x.value("Status")),
    "subscribe_msg_popup_event": _notice_consent,
    "subscribe_msg_change_event": _notice_consent,
    "subscribe_msg_sent_event": _notice_consent,
}
