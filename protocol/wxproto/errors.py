"""The two families of protocol errors; "more bytes needed" is a value, never an error."""


class LocalError(ValueError):
    """We asked for something impossible: the text says what, and what to do instead."""


class PeerError(ValueError):
    """The other end sent something that breaks the protocol: the text says what."""
