"""Which methods of a client program were used."""

from collections.abc import Callable
from typing import Any


class NotedCalls:
    """Lets the public methods of these classes note that they were called; what they do stays the same."""

    def __init__(self, *kinds: type) -> None:
        self.unused: set[str] = set()
        """`Class.method` of those that were not called yet."""
        self._replaced: list[tuple[type, str, Any]] = []
        for kind in kinds:
            for name, value in tuple(vars(kind).items()):
                if callable(value) and not isinstance(value, type) and not name.startswith("_"):
                    self._replaced.append((kind, name, value))
                    noted = self._noted(f"{kind.__name__}.{name}", getattr(kind, name))
                    setattr(kind, name, staticmethod(noted) if isinstance(value, staticmethod) else noted)

    def stop(self) -> None:
        """Put the methods back."""
        for kind, name, value in self._replaced:
            setattr(kind, name, value)

    def _noted(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        self.unused.add(name)

        def noted(*args: Any, **options: Any) -> Any:
            self.unused.discard(name)
            return method(*args, **options)

        return noted
