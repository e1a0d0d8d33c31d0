"""Logs: one line a record, and nothing in them that must not be there."""

import ast
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiohttp.http_exceptions import BadHttpMessage

import wxlink
from wxlink.relay import logs, request_id
from wxlink.relay.logs import HIDDEN, Redaction, form_of
from wxlink.relay.settings import LogSettings

SECRET = "s3cr3t-VALUE_0123456789"
OPENID = "oABCDE" + "f1_-" * 5 + "gh"

# What somebody might log, with the secret in it; nothing of the secret may be left.
CORPUS = (
    f"X-Gizwits-User-token: {SECRET}",
    f"x-gizwits-application-auth={SECRET}, next",
    f"<CIMultiDictProxy('Host': 'h', 'X-Gizwits-User-token': '{SECRET}')>",
    f"((b'Host', b'h'), (b'X-Gizwits-Application-Token', b'{SECRET}'))",
    f"Authorization: Bearer {SECRET}",
    f"'Authorization': 'Basic {SECRET}'",
    f"Cookie: wxlink={SECRET}; other={SECRET}",
    f"Set-Cookie: wxlink={SECRET}; HttpOnly",
    f'{{"uid": "u", "token": "{SECRET}", "passcode": "{SECRET}"}}',
    f'{{\\"token\\": \\"{SECRET}\\"}}',
    f"{{'token': '{SECRET}', 'password': '{SECRET}'}}",
    f"Login(uid='u', token='{SECRET}', expire_at=1)",
    f"Device(did='d', passcode='{SECRET}')",
    f"product_key=k&passcode={SECRET}&mac=m",
    f"product_secret = {SECRET}",
    f"app_secret:{SECRET}",
    f"aes_key: '{SECRET}'",
    f"EncodingAESKey={SECRET}",
    f"update_key={SECRET}",
    f"ticket={SECRET}",
    f"mqtt://relay:{SECRET}@broker:1883",
    f"postgresql+asyncpg://wxlink:{SECRET}@db/wxlink cannot be reached",
    f"GET /cgi-bin/token?grant_type=x&secret={SECRET} HTTP/1.1",
    f"https://api.weixin.qq.com/sns/oauth2?code={SECRET}&state=1",
    f"GET /h5/enter/{SECRET} failed",
    f"GET /dev/ota/get/{SECRET}/app.tgz failed",
    f"bearer {SECRET}",
    f"eyJhbGciOiJFZERTQSJ9.eyJ{SECRET}.{SECRET}",
    f"[SQL: select 1] password={SECRET}",
    f"nats://auth:{SECRET}@127.0.0.1:4222",
)
# What is no secret and must stay readable.
HARMLESS = (
    "token_life_s=604800",
    "passcode_max: 64",
    "device AbCdEfGhIjKlMnOpQrStUv went without a word",
    "product_key=0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "the database cannot be opened: disk I/O error?",
    "http://127.0.0.1:8080/app/bindings answered 200",
    "wxlink.relay.service.passwords: 3 waiting",
)


@pytest.fixture
def redaction() -> Redaction:
    return Redaction()


@pytest.mark.parametrize("line", CORPUS)
def test_no_secret_is_left(line: str, redaction: Redaction) -> None:
    assert SECRET not in redaction.redacted(line)
    assert SECRET[:8] not in redaction.redacted(f"before {line} after\n{line}")


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_no_secret_is_left_alone(line: str, redaction: Redaction) -> None:
    assert redaction.redacted(line) == line


def test_of_an_openid_the_beginning_is_left(redaction: Redaction) -> None:
    assert redaction.redacted(f"person {OPENID}, late") == "person oABCDE…, late"


def test_the_operators_secrets_are_hidden_wherever_they_stand(redaction: Redaction) -> None:
    redaction.hide(["postgresql://me:p%40ss-word@db/x", "q7" * 9])
    told = redaction.redacted(f"the words p%40ss-word p@ss-word, and {'q7' * 9}x")
    assert told == f"the words {HIDDEN} {HIDDEN}, and {HIDDEN}x"


def test_redaction_of_a_long_line_takes_linear_time(redaction: Redaction) -> None:
    for piece in ("a-", "token", "token=", "?a=", 'x"\\', "passcode '", "eyJaaaaaaaa.", "o" * 28, "://a:"):
        redaction.redacted(piece * (200_000 // len(piece)))  # the test's own timeout is the judge


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What the logs said so far on standard error; afterwards all is as it was."""
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    yield lambda: capsys.readouterr().err
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)


def test_json_is_one_object_a_line(told: Callable[[], str]) -> None:
    logs.set_up(LogSettings("debug", "json"), [SECRET])
    log = logging.getLogger("wxlink.test")
    request_id.current.set("r-1")
    log.info(
        "said %s", {"token": SECRET}, extra={"route": "/x", "status": 200, "given": {"passcode": SECRET}}
    )
    try:
        raise ValueError(f"password={SECRET}\nand {SECRET}")
    except ValueError:
        log.exception("two\nlines")
    log.warning("%d", "not a number")
    warnings.warn(f"token={SECRET}", stacklevel=1)
    request_id.current.set(None)
    log.debug("no request", stack_info=True)
    written = told()
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["level"] for line in lines] == ["INFO", "ERROR", "WARNING", "WARNING", "DEBUG"]
    assert all({"time", "level", "logger", "message", "request_id"} <= line.keys() for line in lines)
    assert lines[0]["message"] == f"said {{'token': {HIDDEN}}}"
    assert (lines[0]["request_id"], lines[0]["route"], lines[0]["status"]) == ("r-1", "/x", 200)
    assert "Traceback" in lines[1]["exception"]
    assert "does not fit its values" in lines[2]["message"]
    assert (lines[3]["logger"], lines[4]["request_id"]) == ("py.warnings", None)
    assert SECRET not in written


def test_text_is_one_line_whatever_a_peer_sent(told: Callable[[], str]) -> None:
    logs.set_up(LogSettings("info", "text"))
    logging.getLogger("wxlink.test").info("device said %s", "x\n2026 ERROR forged\x1b[2J")
    (line,) = told().splitlines()
    assert line.endswith(r"INFO    wxlink.test: device said x\n2026 ERROR forged\x1b[2J")


def test_auto_is_text_on_a_terminal_only() -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign] # a stream that says so
    assert type(form_of("auto", terminal)) is type(form_of("text", None))
    assert type(form_of("auto", io.StringIO())) is type(form_of("json", terminal))


def test_no_module_of_the_relay_logs_past_the_root() -> None:
    """Handlers are made in one place only, and no logger is cut off from the root."""
    relay = Path(wxlink.__file__).parent / "relay"
    forbidden = {"addHandler", "StreamHandler", "FileHandler", "basicConfig", "dictConfig", "propagate"}
    for path in relay.rglob("*.py"):
        names = {
            getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(ast.parse(path.read_text()))
        }
        if path.parent.name != "logs":
            assert not names & forbidden, path


def test_a_peer_that_speaks_no_http_costs_one_line_a_try(told: Callable[[], str]) -> None:
    logs.set_up(LogSettings("info", "json"))
    log = logging.getLogger("aiohttp.server")
    for level, lines in (("info", 1), ("error", 0)):
        logs.set_up(LogSettings(level, "json"))
        try:
            raise BadHttpMessage("GET nonsense")
        except BadHttpMessage:
            log.exception("Error handling request from %s", "192.0.2.1")
        written = told().splitlines()
        assert len(written) == lines
        assert "Traceback" not in "".join(written)
