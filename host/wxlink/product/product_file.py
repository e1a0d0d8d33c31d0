"""A product file that was read: what its maker wrote, and what that means on the wire."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from wxlink.product.behaviour import Behaviour, behaviours_of
from wxlink.product.definition import definition_of
from wxlink.product.spec import PointSpec, Spec
from wxproto.product import Product, ProductError


@dataclass(frozen=True)
class ProductFile:
    """A whole product. Two files are equal when they say the same, whatever they are called.

    stem: the file's name without its ending, the product's word in names of files and programs.
    """

    spec: Spec
    stem: str = field(default="product", compare=False)

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The JSON as Gizwits publishes it, which decides what goes over the wire."""
        return definition_of(self.spec)

    @cached_property
    def product(self) -> Product:
        """What the definition means to the codec."""
        return Product.from_dict(self.definition)

    @cached_property
    def behaviours(self) -> list[Behaviour]:
        """What simulated hardware does with each data point, in the order of the wire."""
        return behaviours_of(self.spec, self.product)

    @property
    def points(self) -> tuple[PointSpec, ...]:
        """Data points in the order of the file; those of `product` are in the order of the wire."""
        return self.spec.points

    def point(self, name: str) -> PointSpec:
        """What the file says of a data point. ProductError when there is none of that name."""
        for point in self.spec.points:
            if point.name == name:
                return point
        raise ProductError(f"no data point is called {name}")
