"""What may be written to a log about a person or a request."""

import re

_SHOWN_OPENID_CHARS = 6  # enough to follow one person through a log, not enough to name them
_PRIVATE_QUERY = re.compile(
    r"(?P<key>\b(?:secret|access_token|code|js_code|openid|ticket|signature|msg_signature))=[^&\s\"']+"
)


def shown_openid(openid: str) -> str:
    """The beginning of an openid, for a log line; an openid is personal data."""
    return openid[:_SHOWN_OPENID_CHARS] + "…"


def shown_url(url: str) -> str:
    """A URL or request line with the values of its private query parameters replaced by `***`."""
    return _PRIVATE_QUERY.sub(r"\g<key>=***", url)
