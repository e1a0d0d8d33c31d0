"""Pushes as they are read, and replies as they are written."""

import dataclasses

import pytest
import wechatpy

from wxlink.wechat import messages
from wxlink.wechat.messages import parse_push
from wxlink.wechat.replies import TextReply, TransferReply, fit_text, write_reply
from wxlink.wechat.strict_xml import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, XmlError, parse

OPENID, ACCOUNT = "oTESTuser000000000000000001", "gh_0123456789ab"


def test_pushes_of_the_vectors_with_their_key(vectors):
    for vector in vectors["xml_push"]:
        push = parse_push(vector["xml"].encode(), trusted=True)
        assert push.key == vector["dedup_key"], vector["name"]
        assert (push.openid, push.account, push.created) == (OPENID, ACCOUNT, 1795000000)
        for path, value in vector["expect"].items():
            assert push.fields.value(path) == value, (vector["name"], path)


KINDS = {
    "text": ("Text", {"content": "开灯"}),
    "image": ("Image", {"url": "https://mmbiz.example/1.jpg", "media_id": "MEDIA1"}),
    "voice": ("Voice", {"media_id": "MEDIA2", "format": "amr", "recognition": ""}),
    "location": (
        "Location",
        {"latitude": "31.2304", "longitude": "121.4737", "scale": "20", "label": "上海"},
    ),
    "subscribe-plain": ("Subscribed", {"scene": "", "ticket": ""}),
    "subscribe-from-scene-qr": ("Subscribed", {"scene": "bind:esp-7f3a9c", "ticket": "TICKET1"}),
    "unsubscribe": ("Unsubscribed", {}),
    "scan-already-following": ("Scanned", {"scene": "bind:esp-7f3a9c", "ticket": "TICKET1"}),
    "menu-click": ("MenuClicked", {"menu_key": "dev.lamp.toggle"}),
    "menu-view": ("MenuViewed", {"url": "https://relay.example.org/h5/", "menu_id": "400000001"}),
    "scancode_push": ("CodeScanned", {"result": "relay:esp-7f3a9c:K7Q2", "waiting": False}),
    "scancode_waitmsg": ("CodeScanned", {"result": "relay:esp-7f3a9c:K7Q2", "waiting": True}),
    "template-sent": ("TemplateSent", {"message_id": "200163836", "status": "success"}),
    "subscribe-notice-popup": ("NoticeConsent", {"event": "subscribe_msg_popup_event"}),
    "device_text": ("Unknown", {"message_type": "device_text", "event": ""}),
    "device_event-bind": ("Unknown", {"message_type": "device_event", "event": "bind"}),
}


@pytest.mark.parametrize("name", KINDS)
def test_kind_and_fields(vectors, name):
    xml = next(vector["xml"] for vector in vectors["xml_push"] if vector["name"] == name)
    push = parse_push(xml.encode(), trusted=False)
    kind, fields = KINDS[name]
    assert type(push) is getattr(messages, kind)
    assert {field: getattr(push, field) for field in fields} == fields
    assert not push.trusted
    with pytest.raises(dataclasses.FrozenInstanceError):
        push.trusted = True


def test_kinds_without_a_vector():
    def push(kind, body):
        people = f"<ToUserName>{ACCOUNT}</ToUserName><FromUserName>{OPENID}</FromUserName>"
        xml = f"<xml>{people}<CreateTime>1</CreateTime><MsgType>{kind}</MsgType>{body}<MsgId>7</MsgId></xml>"
        return parse_push(xml.encode(), trusted=True)

    short = push("shortvideo", "<MediaId>M</MediaId><ThumbMediaId>T</ThumbMediaId>")
    assert (short.media_id, short.thumb_media_id, short.short) == ("M", "T", True)
    assert not push("video", "<MediaId>M</MediaId>").short
    assert push("link", "<Title>t</Title><Url>https://a.example/</Url>").url == "https://a.example/"
    assert isinstance(push("hologram", ""), messages.Unknown)


def test_hostile_xml_of_the_vectors_is_refused(vectors):
    for vector in vectors["hostile_xml"]:
        with pytest.raises(XmlError):
            parse(vector["xml"].encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf<xml/>",
        b'<?xml version="1.0" encoding="GBK"?><xml/>',
        "<xml>灯</xml>".encode("gbk"),
        "<xml>灯</xml>".encode("utf-16"),
        b"<xml>\x00</xml>",
        b"<xml>&undefined;</xml>",
        b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:1/x.dtd"><xml/>',
        b"<xml/><xml/>",
        b"<xml>" + b"<a/>" * MAX_ELEMENTS + b"</xml>",
        b"<xml>" + b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH + b"</xml>",
        b"<xml>" + b"a" * MAX_BYTES + b"</xml>",
    ],
)
def test_what_the_reader_refuses(data):
    with pytest.raises(XmlError):
        parse(data)


def test_the_limits_themselves_are_still_read():
    assert len(parse(b"<xml>" + b"<a/>" * (MAX_ELEMENTS - 1) + b"</xml>").children) == MAX_ELEMENTS - 1
    deepest = b"<xml>" + b"<a>" * (MAX_DEPTH - 1) + b"x" + b"</a>" * (MAX_DEPTH - 1) + b"</xml>"
    assert parse(deepest).value(".".join("a" * (MAX_DEPTH - 1))) == "x"
    assert parse('<?xml version="1.0" encoding="utf-8"?><xml>灯</xml>'.encode()).text == "灯"


def test_a_person_may_write_about_doctypes():
    assert (
        parse(b"<xml><Content><![CDATA[<!DOCTYPE html>]]></Content></xml>").value("Content")
        == "<!DOCTYPE html>"
    )


@pytest.mark.parametrize("missing", ["ToUserName", "FromUserName", "CreateTime", "MsgType"])
def test_a_push_without_its_head_is_refused(vectors, missing):
    xml = vectors["xml_push"][0]["xml"]
    absent = xml.replace(f"<{missing}>", "<Other>").replace(f"</{missing}>", "</Other>")
    twice = xml.replace("<xml>", f"<xml><{missing}>1</{missing}>")
    for broken in (absent, twice):
        with pytest.raises(XmlError, match=missing):
            parse_push(broken.encode(), trusted=True)


@pytest.fixture
def push(vectors):
    return parse_push(vectors["xml_push"][0]["xml"].encode(), trusted=True)


def test_replies_of_the_vectors(vectors, push):
    written = {
        "text": write_reply(push, TextReply("灯已打开"), 1795000001),
        "text-with-cdata-end": write_reply(push, TextReply("a]]>b"), 1795000001),
        "transfer-to-any-agent": write_reply(push, TransferReply(), 1795000001),
        "transfer-to-named-agent": write_reply(push, TransferReply("alice@relay"), 1795000001),
    }
    expected = {vector["name"]: vector.get("xml") for vector in vectors["xml_reply"]}
    for name, xml in written.items():
        assert xml == expected[name], name


def test_no_text_breaks_out_of_a_reply(push, seeded):
    pieces = [
        "]]>",
        "]]",
        ">",
        "<",
        "<![CDATA[",
        "</Content>",
        "&amp;",
        "灯",
        "\x00",
        "\x0b",
        "\ud800",
        "\uffff",
        "😀",
    ]
    for _ in range(300):
        text = "".join(seeded.choices(pieces, k=seeded.randint(1, 12)))
        read = parse(write_reply(push, TextReply(text), 1).encode())
        assert read.value("Content") == fit_text(text)
        assert read.value("ToUserName") == OPENID


def test_wechatpy_reads_our_reply(push):
    content = 'a]]>b <a href="https://relay.example.org/?a=1&b=2">控制</a>'
    read = wechatpy.parse_message(write_reply(push, TextReply(content), 1795000001))
    assert (read.type, read.source, read.target) == ("text", ACCOUNT, OPENID)
    assert read.content == content


def test_text_is_cut_at_the_border_of_a_character():
    assert fit_text("灯" * 1000) == "灯" * 682
    assert fit_text("灯a", limit=3) == "灯"
    assert fit_text("灯a", limit=2) == ""
    assert fit_text("a\x07b") == "ab"
