"""wxlink: what a hardware maker needs to put a product MCU into WeChat."""

__version__ = "0.1.0"
