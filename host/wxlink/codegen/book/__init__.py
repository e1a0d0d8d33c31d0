"""Target book: the protocol book of one product as HTML, one file a language, that prints well on A4."""

from typing import Any
from urllib.parse import quote

import jinja2

from wxlink.assets import asset
from wxlink.codegen.bilingual import LANGUAGES, Text, number_text
from wxlink.codegen.book import byte_map
from wxlink.codegen.book.data_chapters import data_chapters
from wxlink.codegen.book.link_chapters import NOTICES, link_chapters
from wxlink.codegen.book.module_chapters import module_chapters
from wxlink.codegen.book.p0_frames import p0_frames
from wxlink.codegen.targets import mark
from wxlink.product import ProductFile
from wxproto import actions, commands, meanings
from wxproto.product import ALERT, FAULT, READONLY, WRITABLE, Point

__all__ = ["files"]

KINDS = {
    WRITABLE: Text("可写", "writable"),
    READONLY: Text("只读", "read-only"),
    ALERT: Text("报警", "alert"),
    FAULT: Text("故障", "fault"),
}

MARKS = {
    "personal": Text("个人数据", "personal data"),
    "dangerous": Text("操作需确认", "to be confirmed"),
    "ranked": Text("计入排行", "in rankings"),
    "chart": Text("有曲线", "with a curve"),
}
"""wxlink.product.spec.MARKS as the book prints them."""

ACTIONS = {
    actions.CONTROL: "控制",
    actions.READ: "读取",
    actions.READ_REPLY: "读取应答",
    actions.REPORT: "上报",
    actions.TRANSPARENT_DOWN: "透传，下行",
    actions.TRANSPARENT_UP: "透传，上行",
    actions.V_CONTROL: "控制",
    actions.V_READ: "读取",
    actions.V_READ_REPLY: "读取应答",
    actions.V_REPORT: "上报",
}
FIXED = (actions.CONTROL, actions.READ, actions.READ_REPLY, actions.REPORT)
VARIABLE = (actions.V_CONTROL, actions.V_READ, actions.V_READ_REPLY, actions.V_REPORT)
TRANSPARENT = (actions.TRANSPARENT_DOWN, actions.TRANSPARENT_UP)

STATUS_BITS = {
    "STATUS_SOFTAP": "SoftAP 已打开",
    "STATUS_STATION": "Station 已打开",
    "STATUS_ONBOARDING": "配网中：bit 0 为 1 时是 SoftAP，bit 1 为 1 时是 AirLink",
    "STATUS_BINDING": "允许绑定",
    "STATUS_ROUTER": "已连接路由器",
    "STATUS_CLOUD": "已连接中继",
    "STATUS_SIGNAL_MASK": "信号强度 0..7，7 最强；bit 4 为 1 时有效",
    "STATUS_APP": "有已绑定的 App 在线",
    "STATUS_TEST": "产测模式",
}

ROLES = {
    commands.MODULE: Text("模组", "module"),
    commands.MCU: Text("MCU", "MCU"),
    commands.EITHER: Text("双方", "either"),
}

REPLIES = {
    commands.SHORT: "空",
    commands.DONE: "空，完成之后才应答",
    commands.DATA: "数据",
    commands.BY_ACTION: "读取后为数据，否则空",
    commands.NONE: "没有应答",
}


def files(product_file: ProductFile) -> dict[str, str]:
    """NAME-book.zh.html and NAME-book.en.html; each links to the other, and needs nothing from outside."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(asset("protocol/templates")),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    template = environment.get_template("book.html.in")
    facts = _facts(product_file)
    names = {language: f"{product_file.stem}-book.{language}.html" for language in LANGUAGES}
    links = {language: quote(name) for language, name in names.items()}
    return {
        name: template.render(facts, language=language, links=links, t=_Chooser(language))
        for language, name in names.items()
    }


class _Chooser:
    """The text of one language: from a Text, or from both given side by side; "" for None."""

    def __init__(self, language: str) -> None:
        self._index = LANGUAGES.index(language)

    def __call__(self, zh: Text | str | None, en: str | None = None) -> str:
        pair = zh if isinstance(zh, Text) else (zh, en or zh)
        return pair[self._index] or ""


def _facts(product_file: ProductFile) -> dict[str, Any]:
    product = product_file.product
    own = VARIABLE if product.variable else FIXED
    told = {one.code: one for one in (*link_chapters(product), *module_chapters(), *data_chapters())}
    return {
        "mark": mark(product_file, "book"),
        "product": product,
        "specs": {point.name: product_file.point(point.name) for point in product.points},
        "kinds": KINDS,
        "marks": MARKS,
        "writable": byte_map.writable(product),
        "mapping": _mapping,
        "number": number_text,
        "actions": [(meanings.ACTIONS[code], ACTIONS[code]) for code in own + TRANSPARENT],
        "flag_rows": byte_map.flag_rows(product.points if product.variable else byte_map.writable(product)),
        "control_rows": byte_map.control_rows(product),
        "status_rows": byte_map.status_rows(product),
        "p0_frames": p0_frames(product),
        "commands": [(row, told[row.code]) for row in commands.COMMANDS.values()],
        "command_names": meanings.COMMAND_NAMES,
        "roles": ROLES,
        "replies": REPLIES,
        "status_bits": [
            (bits, name, Text(STATUS_BITS[name], text)) for bits, name, text in meanings.STATUS_BITS
        ],
        "notices": [(code, Text(NOTICES[code], text)) for code, text in commands.NOTICES.items()],
    }


def _mapping(point: Point) -> str:
    """How a displayed number follows from the raw one; "" when both are the same."""
    if point.ratio is None or point.addition is None or (point.ratio, point.addition) == (1, 0):
        return ""
    factor = "" if point.ratio == 1 else f" × {number_text(point.ratio)}"
    sign = "−" if point.addition < 0 else "+"
    offset = f" {sign} {number_text(abs(point.addition))}" if point.addition else ""
    return f"y = x{factor}{offset}"
