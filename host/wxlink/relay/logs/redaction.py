"""What must not be in a log is taken out of every line, whoever logged it."""

import logging
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from aiohttp.http_exceptions import HttpProcessingError

from wxlink.relay import request_id

HIDDEN: Final = "***"
LITERAL_MIN: Final = 6  # characters; what is shorter would black out innocent words

_NAMES: Final = (
    "token|passcode|password|passwd|pwd|pass|secret|aes_?key|encodingaeskey|update_key|api_?key|ticket|"
    "signature|session_?key|hmac|seed"
)
_SEPARATOR: Final = r"""\\?["']?\s*(?:[:=]\s*|,\s*(?=b?["']))b?"""  # in JSON, reprs, forms, raw headers
_VALUE: Final = r"""(?:\\?"(?:[^"\\]|\\[^"])*\\?"|'(?:[^'\\]|\\.)*'|[^\s,;&)}\]'"]+)"""


class Rule(NamedTuple):
    """A pattern, what stands in its place, and words, lower case, without any of which it cannot match."""

    words: tuple[str, ...]
    pattern: "re.Pattern[str]"
    instead: str


def _rule(words: str, pattern: str, instead: str, flags: int = re.IGNORECASE) -> Rule:
    return Rule(tuple(words.split()), re.compile(pattern, flags), instead)


# The words are looked for first: a line without any of them costs a twentieth.
RULES: Final = (
    _rule(
        "cookie authorization",
        rf"((?<![\w-])(?:set-)?cookie2?|(?:proxy-)?authorization){_SEPARATOR}[^\r\n]*",
        rf"\1: {HIDDEN}",
    ),
    _rule("x-gizwits-", rf"((?<![\w-])X-Gizwits-[\w-]{{1,64}}{_SEPARATOR}){_VALUE}", rf"\1{HIDDEN}"),
    _rule(
        "token pass pwd secret key ticket signature hmac seed",
        rf"((?<![\w-])[\w-]{{0,64}}(?:{_NAMES}){_SEPARATOR}){_VALUE}",
        rf"\1{HIDDEN}",
    ),
    _rule("bearer basic", r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", rf"\1 {HIDDEN}"),
    _rule("://", r"(?<=://)[^\s/@\"']*:[^\s/\"']*@", f"{HIDDEN}@"),  # user and password of a URL
    _rule("?", r"\?[^\s\"'<>?]*=[^\s\"'<>]*", "?…"),  # the query of a URL or a request line
    _rule("/h5/enter/ /dev/ota/get/", r"(/h5/enter/|/dev/ota/get/)[^/\s\"']+", rf"\1{HIDDEN}"),
    _rule("eyj", r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*", HIDDEN),  # a JSON web token
    _rule("o", r"(?<![\w-])(o[\w-]{5})[\w-]{22}(?![\w-])", r"\1…", 0),  # an openid
)

# What logging itself puts into a record.
_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "request_id"}


class Brevity(logging.Filter):
    """A filter for handlers: what a peer sent wrong is one line, not a traceback at each of its tries."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the record in place."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError) and record.levelno >= logging.ERROR:
            record.msg, record.args = "a request that is no HTTP: %s", (type(error).__name__,)
            record.levelno, record.levelname = logging.INFO, logging.getLevelName(logging.INFO)
            record.exc_info = record.exc_text = None
        return record.levelno >= logging.getLogger().level


class Redaction(logging.Filter):
    """A filter for handlers: a record leaves it with its text made and redacted.

    secrets: the operator's own, which are hidden wherever they stand. Adds `request_id` to the record.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._literals: re.Pattern[str] | None = None
        self._known: set[str] = set()
        self.hide(secrets)
        self._traces = logging.Formatter()

    def hide(self, secrets: Iterable[str]) -> None:
        """Hide these too, from now on."""
        for secret in secrets:
            self._known |= {form for form in _forms(secret) if len(form) >= LITERAL_MIN}
        if self._known:
            longest_first = sorted(self._known, key=len, reverse=True)
            self._literals = re.compile("|".join(map(re.escape, longest_first)))

    def redacted(self, text: str) -> str:
        """The text without secrets."""
        if self._literals is not None:
            text = self._literals.sub(HIDDEN, text)
        lower = text.lower()
        for rule in RULES:
            if any(word in lower for word in rule.words):
                text = rule.pattern.sub(rule.instead, text)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record in place, for this handler and all that come after it."""
        record.msg, record.args = self.redacted(_text(record)), None
        if record.exc_info:
            record.exc_text = record.exc_text or self._traces.formatException(record.exc_info)
            record.exc_info = None  # no formatter may make the text anew
        if record.exc_text:
            record.exc_text = self.redacted(record.exc_text)
        if record.stack_info:
            record.stack_info = self.redacted(record.stack_info)
        for name in record.__dict__.keys() - _STANDARD:
            setattr(record, name, self._plain(record.__dict__[name]))
        if not hasattr(record, "request_id"):
            record.request_id = request_id.current.get()
        return True

    def _plain(self, value: Any) -> Any:
        return value if value is None or isinstance(value, bool | int | float) else self.redacted(str(value))


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  whatever a `__str__` raises: a log line must not break its caller
        return f"a log line of {record.pathname}:{record.lineno} does not fit its values"


def _forms(secret: str) -> set[str]:
    """The secret as it may appear: itself, and when it is a URL the password in it."""
    try:
        password = urlsplit(secret).password
    except ValueError:
        password = None
    forms = {secret, *([password, unquote(password)] if password else [])}
    return forms | {quote(form, safe="") for form in forms}
