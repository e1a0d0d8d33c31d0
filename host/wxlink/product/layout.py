"""Where the data points of a product lie in its P0 frames (protocol/README.md 4): what the C tables state."""

from dataclasses import dataclass

from wxproto.product import KINDS, WRITABLE, Point, Product


@dataclass(frozen=True)
class Group:
    """The bit group of one kind in a fixed product's status: first byte and size in bytes."""

    start: int
    size: int


@dataclass(frozen=True)
class Layout:
    """Sizes in bytes and places of data points.

    `places` holds for each point of a fixed product its bit in the group of its kind, or its byte in the
    status; 0 in a variable product, whose points move. `control_size` and `status_size` count what follows
    the flags, at most.
    """

    places: tuple[int, ...]
    groups: tuple[Group, ...]
    flag_size: int
    control_flag_size: int
    control_size: int
    status_size: int


def layout_of(product: Product) -> Layout:
    """Compute the layout from ids, types and lengths; positions given in a product file are not used."""
    return _variable(product) if product.variable else _fixed(product)


def _bytes(bits: int) -> int:
    return (bits + 7) // 8


def _size(points: list[Point]) -> int:
    bits = sum(point.len for point in points if point.is_bits)
    return _bytes(bits) + sum(point.len for point in points if not point.is_bits)


def _fixed(product: Product) -> Layout:
    places = [0] * len(product.points)
    groups = []
    at = control_size = 0
    for kind in KINDS:
        points = [point for point in product.points if point.kind == kind]
        bit = 0
        for point in points:
            if point.is_bits:
                places[point.id] = bit
                bit += point.len
        groups.append(Group(at, _bytes(bit)))
        at += _bytes(bit)
        for point in points:
            if not point.is_bits:
                places[point.id] = at
                at += point.len
        if kind == WRITABLE:
            control_size = at
    writable = sum(point.kind == WRITABLE for point in product.points)
    return Layout(
        places=tuple(places),
        groups=tuple(groups),
        flag_size=_bytes(len(product.points)),
        control_flag_size=_bytes(writable),
        control_size=control_size,
        status_size=at,
    )


def _variable(product: Product) -> Layout:
    flag_size = _bytes(len(product.points))
    return Layout(
        places=(0,) * len(product.points),
        groups=(Group(0, 0),) * len(KINDS),
        flag_size=flag_size,
        control_flag_size=flag_size,
        control_size=_size([point for point in product.points if point.kind == WRITABLE]),
        status_size=_size(product.points),
    )
