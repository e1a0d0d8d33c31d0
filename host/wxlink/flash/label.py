"""A unit's label: what its owner needs to set it up, for the eye and for a phone's camera."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import segno

from wxlink.flash.identity import Identity
from wxlink.flash.problem import FlashError

_WIDTH, _HEIGHT = 60, 40  # millimetres: a common size of label rolls
_CODE: Final = 22  # millimetres of a code's side: 0.6 and more a dot, which phones read from 10 cm
_MARGIN: Final = 4  # millimetres of white that a code needs around it
_PNG_DOT: Final = 8  # pixels


def wifi_text(identity: Identity) -> str:
    """What a phone's camera joins the unit's access point by."""
    return f"WIFI:T:WPA;S:{identity.ssid};P:{identity.ap_password};;"


def claim_text(identity: Identity) -> str:
    """What an app claims the unit by: product key and mac, as `POST /app/bind_mac` takes them."""
    return f"product_key={identity.product_key}&mac={identity.mac}"


def lines(identity: Identity) -> list[str]:
    """The label in words."""
    return [
        f"MAC  {':'.join(identity.mac[at : at + 2] for at in range(0, 12, 2))}",
        f"Wi-Fi  {identity.ssid}",
        f"密码 password  {identity.ap_password}",
        f"PK  {identity.product_key}",
    ]


def text(identity: Identity) -> str:
    """The label for a terminal or a text printer, with the set-up code drawn in blocks."""
    drawing = io.StringIO()
    segno.make(wifi_text(identity), error="m", micro=False).terminal(out=drawing, compact=True, border=2)
    return drawing.getvalue() + "\n".join(lines(identity)) + "\n"


def svg(identity: Identity) -> str:
    """The label as a drawing of 60 by 40 mm."""
    wifi = _code(wifi_text(identity), _MARGIN, "连接设置 set up")
    claim = _code(claim_text(identity), _WIDTH - _MARGIN - _CODE, "绑定 claim")
    first = _MARGIN + _CODE + 3.6
    words = "".join(
        f'<text x="{_MARGIN}" y="{first + row * 2.9:.1f}" font-size="2.4">{escape(one)}</text>'
        for row, one in enumerate(lines(identity))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}mm" height="{_HEIGHT}mm" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="monospace, sans-serif">'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>{wifi}{claim}{words}</svg>\n'
    )


def png(identity: Identity) -> bytes:
    """The set-up code alone, for a label printer that places the words itself."""
    picture = io.BytesIO()
    segno.make(wifi_text(identity), error="m", micro=False).save(picture, kind="png", scale=_PNG_DOT)
    return picture.getvalue()


def write(identity: Identity, path: Path) -> None:
    """Write the label as the name asks: .svg, .png or .txt; only its owner may read it. Raises FlashError."""
    make = _KINDS.get(path.suffix)
    if make is None:
        raise FlashError(f"{path}: a label is written as .svg, .png or .txt")
    write_private(path, make(identity))


def write_private(path: Path, data: bytes) -> None:
    """Write a file that holds secrets, with mode 0600. Raises FlashError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        new.chmod(0o600)  # a file that was there keeps its mode otherwise
        new.replace(path)
    except OSError as error:
        raise FlashError(f"{path}: {error.strerror}") from error


_KINDS: Final[dict[str, Callable[[Identity], bytes]]] = {
    ".svg": lambda identity: svg(identity).encode(),
    ".png": png,
    ".txt": lambda identity: text(identity).encode(),
}


def _code(content: str, left: float, caption: str) -> str:
    code = segno.make(content, error="m", micro=False)
    side = code.symbol_size(border=0)[0]
    drawing = code.svg_inline(border=0, omitsize=True, svgclass=None, lineclass=None)
    inner = drawing[drawing.index(">") + 1 : drawing.rindex("</svg>")]
    return (
        f'<svg x="{left}" y="{_MARGIN}" width="{_CODE}" height="{_CODE}" viewBox="0 0 {side} {side}">'
        f'{inner}</svg><text x="{left}" y="{_MARGIN - 1}" font-size="2">{escape(caption)}</text>'
    )
