"""wxproto: the wires of wxlink without I/O, clock or logging; the same files run on CPython and MicroPython.

Bytes in, events out; time is an argument. protocol/README.md is the normative text.
"""
