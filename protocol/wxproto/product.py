"""Product files: the data points of a product, as Gizwits publishes them (README 4.5).

Read as is. What wxlink adds (name_en, display_name_en, desc_en, enum_en, unit) other readers ignore.
"""

from .actions import MODULE_P0
from .errors import LocalError
from .record import Record
from .scale import Scale

WRITABLE = "status_writable"
READONLY = "status_readonly"
ALERT = "alert"
FAULT = "fault"
KINDS = (WRITABLE, READONLY, ALERT, FAULT)
"""Kinds of data points, in the order of their areas in a fixed-length P0."""

STANDARD = "standard"
VAR_LEN = "var_len"

UINTS = {"uint8": 1, "uint16": 2, "uint32": 4}
"""Number types and their bytes."""
DATA_TYPES = ("bool", "enum", "uint8", "uint16", "uint32", "binary")

MAX_POINTS = 256
"""Data points of a product; the largest product seen has 104, and each costs a flag bit in every frame."""
MAX_TEXT = 1024
"""Characters of a name, a description or an enum value; they are shown to people."""


class ProductError(LocalError):
    """A product file cannot be used: the text names the data point and what to mend."""


class Point(Record):
    """One data point.

    `len` counts bits for bool and enum, bytes for numbers and binary. `values` are the texts of an enum
    (index = raw value), `minimum` and `maximum` the RAW limits of a number, shown as raw * ratio + addition;
    an empty list and None elsewhere. `display_name_en` and `values_en` are None when the file has no English,
    `unit` is the text after a displayed number, often empty.
    """

    fields = (
        "id",
        "name",
        "display_name",
        "desc",
        "kind",
        "data_type",
        "len",
        "values",
        "minimum",
        "maximum",
        "ratio",
        "addition",
        "display_name_en",
        "values_en",
        "unit",
    )

    def __init__(self, **given):
        for field in self.fields:
            setattr(self, field, given[field])
        self.is_bits = self.data_type in ("bool", "enum")
        self.is_number = self.data_type in UINTS
        self.scale = Scale(self.ratio, self.addition) if self.is_number else None

    @property
    def writable(self):
        """True when apps may set it."""
        return self.kind == WRITABLE

    @property
    def display_minimum(self):
        """Smallest display number, None when this is no number."""
        return min(self._display_limits()) if self.is_number else None

    @property
    def display_maximum(self):
        """Largest display number, None when this is no number."""
        return max(self._display_limits()) if self.is_number else None

    def _display_limits(self):
        return self.scale.display(self.minimum), self.scale.display(self.maximum)


class Product(Record):
    """A product: name, product_key, variable (P0 form), points in id order; name_en may be None."""

    fields = ("name", "product_key", "variable", "points", "name_en")

    def __init__(self, name, product_key, variable, points, name_en=None):
        self.name = name
        self.product_key = product_key
        self.variable = variable
        self.points = points
        self.name_en = name_en
        self._by_name = {point.name: point for point in points}
        self.names = frozenset(self._by_name)
        self._check_size()

    @classmethod
    def from_dict(cls, definition):
        """Read the parsed JSON of a product file. ProductError names what cannot be used."""
        top = _Reader(definition, "the product file")
        form = top.get("protocolType", str)
        if form not in (STANDARD, VAR_LEN):
            raise ProductError('protocolType must be "standard" or "var_len", not %r' % (form,))
        key = top.get("product_key", str)
        if len(key) != 32 or not all(c in _DIGITS + "abcdef" for c in key):
            raise ProductError("product_key must be 32 lower-case hex digits")
        entities = top.get("entities", list)
        if len(entities) != 1:
            raise ProductError("entities must hold exactly one entry, not %d" % len(entities))
        attrs = _Reader(entities[0], "the entity").get("attrs", list)
        if not 1 <= len(attrs) <= MAX_POINTS:
            raise ProductError("attrs must hold 1..%d data points, not %d" % (MAX_POINTS, len(attrs)))
        points = [_point(attr, "attrs[%d]" % i) for i, attr in enumerate(attrs)]
        points.sort(key=lambda point: point.id)
        _check_unique(points)
        return cls(top.get("name", str), key, form == VAR_LEN, points, top.get("name_en", str, None))

    def point(self, name):
        """The data point of that name. LocalError when the product has none."""
        try:
            return self._by_name[name]
        except KeyError:
            raise LocalError("product %s has no data point %r" % (self.name, name)) from None

    def __contains__(self, name):
        return name in self._by_name

    def _check_size(self):
        """All points together, with action and flags, must fit into one P0."""
        bits = sum([point.len for point in self.points if point.is_bits])
        size = 1 + (len(self.points) + 7) // 8 + (bits + 7) // 8 + len(KINDS)
        size += sum([point.len for point in self.points if not point.is_bits])
        if size > MODULE_P0:
            raise ProductError(
                "all data points together take %d bytes; a module carries %d: shorten the binaries"
                % (size, MODULE_P0)
            )


_REQUIRED = object()
_SHOWN = 40  # characters of a refused value in an error text
_DIGITS = "0123456789"
_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_" + _DIGITS


class _Reader:
    """Typed access to one JSON object, with errors that say where."""

    def __init__(self, value, where):
        if not isinstance(value, dict):
            raise ProductError("%s must be a JSON object" % where)
        self._value = value
        self.where = where

    def get(self, key, kind, default=_REQUIRED):
        value = self._value.get(key)
        if value is None and default is not _REQUIRED:
            return default
        if value is None:
            self.fail("%s is missing" % key)
        if kind is int and isinstance(value, float) and value % 1 == 0:
            value = int(value)  # JSON knows one kind of number: 7.0 is 7
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fail("%s must be %s, not %s" % (key, _JSON_NAMES[kind], repr(value)[:_SHOWN]))
        if kind is str:
            self._check_text(key, value)
        return value

    def texts(self, key):
        """The list of 1 to 256 texts of an enum."""
        texts = self.get(key, list)
        if not 1 <= len(texts) <= 256:
            self.fail("%s must hold 1..256 texts, not %d" % (key, len(texts)))
        for text in texts:
            if not isinstance(text, str):
                self.fail("%s must hold texts, not %s" % (key, repr(text)[:_SHOWN]))
            self._check_text(key, text)
        return list(texts)

    def _check_text(self, key, text):
        if len(text) > MAX_TEXT:
            self.fail("%s is longer than %d characters" % (key, MAX_TEXT))
        try:
            text.encode()
        except UnicodeError:
            self.fail("%s holds half a character, a lone surrogate" % key)

    def fail(self, text):
        raise ProductError("%s: %s" % (self.where, text))


_NUMBER = (int, float)
_JSON_NAMES = {
    str: "text",
    int: "a whole number",
    list: "a list",
    dict: "an object",
    _NUMBER: "a number",
}


def _point(attr, where):
    reader = _Reader(attr, where)
    name = reader.get("name", str)
    reader.where = "data point %s" % name
    if not name or name[0] in _DIGITS or not all(c in _NAME for c in name):
        reader.fail("name must be English letters, digits and _, not beginning with a digit")
    kind = reader.get("type", str)
    if kind not in KINDS:
        reader.fail("type must be one of %s, not %r" % (", ".join(KINDS), kind))
    data_type = reader.get("data_type", str)
    if data_type not in DATA_TYPES:
        reader.fail("data_type must be one of %s, not %r" % (", ".join(DATA_TYPES), data_type))
    values = reader.texts("enum") if data_type == "enum" else []
    values_en = None
    if data_type == "enum" and reader.get("enum_en", list, None) is not None:
        values_en = reader.texts("enum_en")
        if len(values_en) != len(values):
            reader.fail("enum_en must hold as many texts as enum")
    minimum, maximum, ratio, addition = _limits(reader, data_type)
    display_name = reader.get("display_name", str, name)
    try:
        return Point(
            id=reader.get("id", int),
            name=name,
            display_name=display_name,
            desc=reader.get("desc", str, ""),
            kind=kind,
            data_type=data_type,
            len=_length(reader, data_type, len(values)),
            values=values,
            minimum=minimum,
            maximum=maximum,
            ratio=ratio,
            addition=addition,
            display_name_en=reader.get("display_name_en", str, None),
            values_en=values_en,
            unit=reader.get("unit", str, ""),
        )
    except ProductError:
        raise
    except LocalError as error:
        raise ProductError("%s: uint_spec: %s" % (reader.where, error)) from error


def _limits(reader, data_type):
    if data_type not in UINTS:
        return None, None, None, None
    largest = (1 << 8 * UINTS[data_type]) - 1
    spec = _Reader(reader.get("uint_spec", dict, {}), reader.where + ": uint_spec")
    minimum = max(spec.get("min", int, 0), 0)
    maximum = min(spec.get("max", int, largest), largest)
    if minimum > maximum:
        spec.fail("min %d is above max %d; both are raw numbers of a %s" % (minimum, maximum, data_type))
    return minimum, maximum, spec.get("ratio", _NUMBER, 1), spec.get("addition", _NUMBER, 0)


def _length(reader, data_type, count):
    """Bits or bytes of a point, from its type; a length given in the file must be the same."""
    position = _Reader(reader.get("position", dict, {}), reader.where + ": position")
    given = position.get("len", int, None)
    if data_type == "binary":
        if given is None or given < 1:
            position.fail("len must give the bytes of the binary, 1 or more")
        return given
    if data_type == "enum":
        computed = 1
        while 1 << computed < count:
            computed += 1
    else:
        computed = UINTS.get(data_type, 1)
    if given is not None and given != computed:
        unit = "bytes" if data_type in UINTS else "bits"
        position.fail("len is %d, but this %s takes %d %s" % (given, data_type, computed, unit))
    return computed


def _check_unique(points):
    names = {}
    for index, point in enumerate(points):
        if point.id != index:
            raise ProductError(
                "data point %s: id is %d, %d was expected: ids count from 0 without gaps or repeats"
                % (point.name, point.id, index)
            )
        if point.name in names:
            raise ProductError("data point %s: the name is used twice" % point.name)
        names[point.name] = point
