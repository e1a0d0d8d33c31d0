"""Code generated from a product file: C tables for the MCU SDK, and the example program built from them."""

from wxlink.codegen.build import CompileError, NoCompiler, build_gokit
from wxlink.codegen.product_c import differing, generate, write
from wxlink.codegen.product_file import read_product

__all__ = ["CompileError", "NoCompiler", "build_gokit", "differing", "generate", "read_product", "write"]
