"""The ROM serial loader of the ESP32 family on a pty, for the real esptool: strict, misbehaving on order."""
