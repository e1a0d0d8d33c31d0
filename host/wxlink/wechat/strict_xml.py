"""The only XML reader that sees WeChat's pushes: small, bounded, without entities."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

MAX_BYTES = 64 * 1024  # a push is below 10 KiB
MAX_DEPTH = 8  # the deepest push known is four
MAX_ELEMENTS = 200  # the longest push known has about sixty
_ROOT = "xml"
_DECLARED_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)", re.IGNORECASE)
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class XmlError(ValueError):
    """The text is not an XML document this house reads; the text names the rule."""


@dataclass(slots=True)
class Element:
    """One element: its tag, its own text, its children in order."""

    tag: str
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def all(self, tag: str) -> list["Element"]:
        """The children with this tag."""
        return [child for child in self.children if child.tag == tag]

    def value(self, path: str) -> str:
        """Text of the first element at a dotted path (`ScanCodeInfo.ScanResult`); empty without one."""
        found = self
        for tag in path.split("."):
            following = found.all(tag)
            if not following:
                return ""
            found = following[0]
        return found.text

    def only(self, tag: str) -> str:
        """Text of the single child with this tag; XmlError when it is missing, empty or repeated."""
        found = self.all(tag)
        if len(found) != 1 or not found[0].text:
            raise XmlError(f"{tag} must stand there once")
        return found[0].text

    def walk(self) -> Iterator["Element"]:
        """Every element below this one, in document order."""
        for child in self.children:
            yield child
            yield from child.walk()


def parse(data: bytes) -> Element:
    """Read one `<xml>` document: UTF-8, no DOCTYPE, no entities; attributes are ignored.

    Raises XmlError when a rule or a limit (MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS) is broken. A person may well
    send the words `<!DOCTYPE` as a message, in CDATA: so the parser decides, not a search for the words.
    """
    if len(data) > MAX_BYTES:
        raise XmlError("document too long")
    if data.startswith(_BYTE_ORDER_MARKS):
        raise XmlError("byte order mark")
    declared = _DECLARED_ENCODING.match(data)
    if declared and declared.group(1).upper() not in (b"UTF-8", b"UTF8"):
        raise XmlError("declared encoding is not UTF-8")
    return _Reader().read(data)


class _Reader:
    def __init__(self) -> None:
        self._document = Element("")
        self._open = [self._document]
        self._count = 0

    def read(self, data: bytes) -> Element:
        parser = expat.ParserCreate("UTF-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._forbidden
        parser.EntityDeclHandler = self._forbidden
        parser.ExternalEntityRefHandler = self._forbidden
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            raise XmlError(expat.errors.messages[error.code]) from error
        return self._document.children[0]

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise XmlError("too many elements")
        if len(self._open) > MAX_DEPTH:
            raise XmlError("nested too deep")
        if len(self._open) == 1 and tag != _ROOT:
            raise XmlError("root is not <xml>")
        element = Element(tag)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, tag: str) -> None:
        element = self._open.pop()
        if element.children:
            element.text = ""  # white space between children

    def _text(self, text: str) -> None:
        self._open[-1].text += text

    def _forbidden(self, *declaration: object) -> int:
        raise XmlError("DOCTYPE or ENTITY")
