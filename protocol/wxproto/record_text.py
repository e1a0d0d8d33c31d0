"""What a record is printed as: Name(field=value), without its secrets."""

from .commands import ENTER_CONFIGURATION, GET_DEVICE_INFO, REGISTER_SUB_DEVICE, SUB_DEVICE_RESULT

SECRET_FIELDS = ("product_secret", "extra", "password")
"""Product secrets, and what may hold a Wi-Fi password: printed as <hidden>."""
SECRET_COMMANDS = (GET_DEVICE_INFO, ENTER_CONFIGURATION, REGISTER_SUB_DEVICE, SUB_DEVICE_RESULT)
"""Commands that hold such secrets, or whose acknowledgement does: a `payload` is printed as its length."""


def text(record):
    """The text of a Record for repr()."""
    inside = ", ".join([field + "=" + field_text(record, field) for field in record.fields])
    return record.__class__.__name__ + "(" + inside + ")"


def field_text(record, field):
    """The text of one field, without what is secret in it."""
    value = getattr(record, field)
    if value and field in SECRET_FIELDS:
        return "<hidden>"
    if field == "payload" and (record.cmd - 1 | 1) in SECRET_COMMANDS:
        return "<%d bytes>" % len(value)
    return repr(value)
