"""Checks of texts by their bytes: MicroPython keeps every single character that is taken out of a text."""


def plain(text):
    """True when there are only ASCII letters and digits in it."""
    return all(48 <= byte < 58 or 97 <= byte | 32 < 123 for byte in text.encode())
