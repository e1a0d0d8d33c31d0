"""The MCU SDK with a product's tables, as a folder that needs nothing else."""

from wxlink.assets import asset
from wxlink.codegen import c
from wxlink.codegen.targets import mark
from wxlink.product import ProductFile


def files(product_file: ProductFile, target: str, *ports: str) -> dict[str, str]:
    """The SDK's sources and those of some `ports`, each with the mark of `target`, and the product's C files.

    The mark lets an SDK file that a later version no longer has be known as stale.
    """
    csdk = asset("protocol/csdk")
    folders = [csdk, *(csdk / "ports" / port for port in ports)]
    sources = sorted(path for folder in folders for path in folder.glob("wxlink*.[ch]"))
    head = f"/* {mark(product_file, target)} */\n"
    return {path.name: head + path.read_text("utf-8") for path in sources} | c.files(product_file)
