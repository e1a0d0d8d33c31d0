"""The H5 pages that a user opens from WeChat: static HTML, CSS and ES modules, without a build step.

The files are read once into a fixed table, so no request can name any other file. Everything but the HTML
is served below an address that holds a hash of all of it: a browser may keep it for ever, and never mixes
the modules of two versions.
"""

import hashlib
from importlib.resources import files
from typing import Final, NamedTuple

STATIC_ROOT: Final = "/h5/static/"
"""How the HTML writes the folder of the other files; `load_site` puts the hash behind it."""

PAGES: Final = ("device.html", "enter.html", "list.html", "no-device.html", "password.html", "signin.html")
MODULES: Final = (
    "commands.js",
    "controls.js",
    "device.js",
    "dom.js",
    "enter.js",
    "i18n.js",
    "link.js",
    "list.js",
    "page.js",
    "panel.js",
    "password.js",
    "product.js",
    "socket.js",
)
PICTURES: Final = ("chevron.svg", "icon.svg", "refresh.svg", "tick.svg")
STYLES: Final = ("app.css",)

_CONTENT_TYPES: Final = {
    "html": "text/html",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "css": "text/css",
}
_TAG_DIGITS: Final = 16  # hex digits of SHA-256 in an ETag or address: enough to tell versions apart


class Asset(NamedTuple):
    """One file as it is served, UTF-8 throughout."""

    body: bytes
    content_type: str
    etag: str


class Site(NamedTuple):
    """All files: `pages` by name, `static` by name below STATIC_ROOT + `digest`."""

    pages: dict[str, Asset]
    static: dict[str, Asset]
    digest: str


def load_site() -> Site:
    """Read the files that this package ships. Raises FileNotFoundError when the installation is damaged."""
    static = {name: _asset(name, _read(name)) for name in (*MODULES, *PICTURES, *STYLES)}
    digest = _tag("".join(f"{name} {asset.etag} " for name, asset in sorted(static.items())).encode())
    root, hashed = STATIC_ROOT.encode(), f"{STATIC_ROOT}{digest}/".encode()
    pages = {name: _asset(name, _read(name).replace(root, hashed)) for name in PAGES}
    return Site(pages, static, digest)


def _read(name: str) -> bytes:
    return files(__name__).joinpath("static", name).read_bytes()


def _asset(name: str, body: bytes) -> Asset:
    return Asset(body, _CONTENT_TYPES[name.rpartition(".")[2]], _tag(body))


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_TAG_DIGITS]
