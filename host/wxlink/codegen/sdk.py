"""The MCU SDK with a product's tables, as a folder that needs nothing else."""

from collections.abc import Iterable

from wxlink.assets import asset
from wxlink.codegen import c
from wxlink.codegen.targets import mark
from wxlink.product import ProductFile

CONFIG = "wxlink_config.h"
"""The SDK's file that says which features are built, unless they are chosen before."""


def files(
    product_file: ProductFile, target: str, ports: Iterable[str] = (), features: Iterable[str] = ()
) -> dict[str, str]:
    """The SDK's sources and those of some ports, each with the mark of `target`, and the product's C files.

    The mark lets an SDK file that a later version no longer has be known as stale. features: words of the
    macros WXLINK_WITH_... that are on.
    """
    csdk = asset("protocol/csdk")
    folders = [csdk, *(csdk / "ports" / port for port in ports)]
    sources = sorted(path for folder in folders for path in folder.glob("wxlink*.[ch]"))
    head = f"/* {mark(product_file, target)} */\n"
    out = {path.name: head + path.read_text("utf-8") for path in sources}
    chosen = "".join(f"#define WXLINK_WITH_{feature} 1\n" for feature in features)
    out[CONFIG] = head + chosen + out[CONFIG].removeprefix(head)
    return out | c.files(product_file)
