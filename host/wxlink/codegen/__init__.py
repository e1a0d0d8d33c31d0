"""What a product file is turned into (targets), and the example program built from it."""

from wxlink.codegen.build import CompileError, NoCompiler, build_gokit
from wxlink.codegen.product_c import generate

__all__ = ["CompileError", "NoCompiler", "build_gokit", "generate"]
