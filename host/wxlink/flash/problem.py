"""What goes wrong at the flash tool."""


class FlashError(Exception):
    """A step cannot be done; the text is one line that says what is wrong and what to do next.

    It never holds a passcode, a password or a key.
    """
