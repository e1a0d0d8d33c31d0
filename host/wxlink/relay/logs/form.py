"""How a log line looks: text for people, JSON for programs. One record is one line, tracebacks aside."""

import logging
import time
from typing import Final, TextIO

from pythonjsonlogger.json import JsonFormatter

_TIME: Final = "%Y-%m-%dT%H:%M:%S"
_NAMES: Final = {"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "exception"}


class _Utc(logging.Formatter):
    """Times as RFC 3339 wants them, to the millisecond."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return f"{time.strftime(_TIME, time.gmtime(record.created))}.{int(record.msecs):03}Z"


class TextForm(_Utc):
    """`<time> <level> <logger>: <message> [<request id>]`, and tracebacks below."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """One line: what a peer sent must neither begin a new one nor steer a terminal."""
        number = getattr(record, "request_id", None)
        line = super().formatMessage(record) + (f" [{number}]" if number else "")
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


class JsonForm(_Utc, JsonFormatter):
    """An object with time, level, logger, message, request_id (null outside of requests) and what was added.

    The library's formatter on the standard records: everything here logs by `logging`, so a second way of
    logging such as structlog's would bring nothing.
    """

    def __init__(self) -> None:
        JsonFormatter.__init__(
            self,
            "%(asctime)s %(levelname)s %(name)s %(message)s %(request_id)s",
            rename_fields={
                "asctime": "time",
                "levelname": "level",
                "name": "logger",
                "exc_info": "exception",
            },
        )


def form_of(name: str, stream: TextIO | None) -> logging.Formatter:
    """The form of this name; `auto` is text on a terminal, else JSON."""
    terminal = stream is not None and stream.isatty()
    return TextForm() if name == "text" or (name == "auto" and terminal) else JsonForm()
