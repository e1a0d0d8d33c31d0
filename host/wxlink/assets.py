"""Files that wxlink ships beside its code: the C SDK, codegen templates, product files and the firmware."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[1]
_INSTALLED = _PACKAGE / "_assets"


def asset(relative: str) -> Path:
    """Path of a shipped file or folder, named as in the repository (``protocol/csdk``, ``firmware``).

    Raises FileNotFoundError when this installation does not hold it.
    """
    for root in (_INSTALLED, _CHECKOUT):
        path = root / relative
        if path.exists():
            return path
    raise FileNotFoundError(f"this installation of wxlink lacks {relative}: reinstall it, or use a checkout")
