"""The relay's logs: one handler at the root, whose filter redacts whatever any module logs."""

import logging
import sys
import threading
from collections.abc import Iterable
from types import TracebackType

from wxlink.relay.logs.form import form_of
from wxlink.relay.logs.redaction import HIDDEN, Brevity, Redaction
from wxlink.relay.settings import LogSettings

__all__ = ["HIDDEN", "Redaction", "form_of", "set_up"]

log = logging.getLogger(__name__)


def set_up(settings: LogSettings, secrets: Iterable[str] = ()) -> Redaction:
    """Log to standard error from now on, and nowhere else; what nobody caught is logged too.

    secrets: hidden wherever they appear. Returns the filter, for secrets that come later.
    """
    redaction = Redaction(secrets)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(form_of(settings.form, sys.stderr))
    handler.addFilter(Brevity())
    handler.addFilter(redaction)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    return redaction


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        log.critical("the relay failed", exc_info=(kind, error, trace))


def _uncaught_in_thread(what: threading.ExceptHookArgs) -> None:
    if what.exc_value is not None:
        _uncaught(what.exc_type, what.exc_value, what.exc_traceback)
