"""What Mbed TLS says of a connection that failed, in words for people. Loaded when one did."""

_REASONS = (  # part of what it says (the same on every port) -> what that means, the gravest first
    ("not correctly signed", "certificate is of another authority"),
    ("has expired", "certificate has expired"),
    ("in the future", "certificate is not yet valid, or the module's clock is wrong"),
    ("Common Name", "certificate is for another name"),
    ("CERT_VERIFY_FAILED", "certificate is refused: another authority, another name, or the wrong time"),
    ("INVALID_RECORD", "there is no TLS at this port"),
    ("ALERT", "the server refuses our TLS"),
    ("CONN_EOF", "the server ends the connection"),
    ("ALLOC_FAILED", "there is not enough memory for TLS"),
)


def meaning(text):
    """Every reason in the text of an error; the text itself when it names none that is known."""
    said = text.strip().replace("\n", " ")
    return ", ".join([words for part, words in _REASONS if part in said]) or said
