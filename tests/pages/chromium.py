"""Debian's Chromium, driven over the DevTools protocol with aiohttp alone.

    async with Chromium(tmp_path) as browser:
        await browser.open(url)
        await browser.wait_for("document.querySelector('main')")
        await browser.tap("#switch")
        assert await browser.evaluate("document.title") == "..."

Waiting is polling with a deadline inside this class; a test needs no sleep.
"""

import asyncio
import base64
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from pages.chromium_process import BINARY, POLL_S, ChromiumError, ChromiumProcess

__all__ = ["BINARY", "WECHAT", "Chromium", "ChromiumError"]

ANSWER_WITHIN_S: Final = 30.0
WAIT_WITHIN_S: Final = 30.0
ANSWER_MAX_BYTES: Final = 64 * 1024 * 1024  # a screenshot of a long page at 3 pixels a point

WECHAT: Final = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/126.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.50.2701(0x28003255) WeChat/arm64"
)


class Chromium:
    """One page, as WeChat's webview on a phone: touch, 375 x 667 points, Chinese, light.

    `browser` is a running process, in which the page gets a context of its own (cookies, storage), or the
    folder for the profile of a process of its own. `complaints` collects what the page logged as an error:
    exceptions, blocked resources, violations of the content security policy.
    """

    def __init__(self, browser: ChromiumProcess | Path, *, width: int = 375, height: int = 667) -> None:
        self.complaints: list[str] = []
        self._own = ChromiumProcess(browser) if isinstance(browser, Path) else None
        self._browser = self._own or browser
        self._size = (width, height)
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._context = ""
        self._session = ""
        self._ids: Iterator[int] = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self, url: str) -> None:
        """Go to an address and wait until the page has loaded, or was replaced by one that has."""
        self._loaded.clear()
        answer = await self.command("Page.navigate", url=url)
        if "errorText" in answer:
            raise ChromiumError(f"{url}: {answer['errorText']}")
        await asyncio.wait_for(self._loaded.wait(), ANSWER_WITHIN_S)

    async def evaluate(self, script: str) -> Any:
        """The JSON value of an expression; a promise is awaited. Raises ChromiumError when it throws."""
        answer = await self.command(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise ChromiumError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    async def wait_for(self, script: str, within: float = WAIT_WITHIN_S) -> Any:
        """The first truthy value of an expression, True for an element; ChromiumError if none in time."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            try:
                value = await self.evaluate(_PLAIN % script)
            except ChromiumError as error:  # the page may be on its way to another
                value, problem = None, str(error)
            else:
                problem = f"last value {value!r}"
            if value:
                return value
            if asyncio.get_running_loop().time() > deadline:
                raise ChromiumError(f"not within {within} s: {script} ({problem})")
            await asyncio.sleep(POLL_S)

    async def text(self, selector: str) -> str:
        """The visible text of the first match, once there is one."""
        value: str = await self.wait_for(f"document.querySelector({json.dumps(selector)})?.innerText")
        return value

    async def tap(self, selector: str) -> None:
        """Touch the middle of the first match with a finger. Raises ChromiumError when it cannot be hit."""
        point = await self.evaluate(_POINT % json.dumps(selector))
        if "miss" in point:
            raise ChromiumError(f"{selector}: {point['miss']}")
        await self._touch("touchStart", point)
        await self._touch("touchEnd")

    async def drag(self, selector: str, share: float) -> None:
        """Drag a finger from the middle of the first match to `share` (0..1) of its width."""
        point = await self.evaluate(_POINT % json.dumps(selector))
        if "miss" in point:
            raise ChromiumError(f"{selector}: {point['miss']}")
        await self._touch("touchStart", point)
        end = point["left"] + share * point["width"]
        for step in range(1, 9):
            await self._touch("touchMove", {"x": point["x"] + (end - point["x"]) * step / 8, "y": point["y"]})
        await self._touch("touchEnd")

    async def press(self, key: str, code: int = 0, text: str = "") -> None:
        """Press and release a key by its name (`Tab`, `Enter`, `ArrowRight`), with its Windows key code."""
        for kind in ("keyDown" if text else "rawKeyDown", "keyUp"):
            await self.command(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                **({"text": text} if text else {}),
            )

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self.command("Input.insertText", text=text)

    async def screenshot(self, path: Path, *, full: bool = True) -> None:
        """Write a PNG of the page, in its full length or of the screen."""
        answer = await self.command("Page.captureScreenshot", format="png", captureBeyondViewport=full)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))

    async def viewport(self, width: int, height: int = 667) -> None:
        """The size of the screen in points, at 2 pixels a point."""
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2,
            mobile=True,
        )

    async def dark(self, on: bool = True) -> None:
        """Whether the system asks for dark pages."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if on else "light"}]
        await self.command("Emulation.setEmulatedMedia", features=features)

    async def language(self, tags: str) -> None:
        """`navigator.languages` of pages opened from now on, such as `zh-CN` or `en-US,en`."""
        await self.command("Emulation.setUserAgentOverride", userAgent=WECHAT, acceptLanguage=tags)

    async def cookies(self) -> list[dict[str, Any]]:
        """Every cookie with its flags, HttpOnly ones too."""
        answer = await self.command("Network.getCookies")
        found: list[dict[str, Any]] = answer["cookies"]
        return found

    async def command(self, method: str, **params: Any) -> dict[str, Any]:
        """Any command of the DevTools protocol to the page."""
        return await self._call(method, params, self._session)

    async def close(self) -> None:
        """Close the page with all that it stored, and the process if it is the page's own."""
        if self._context and self._socket and not self._socket.closed:
            await self._call("Target.disposeBrowserContext", {"browserContextId": self._context})
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._socket:
            await self._socket.close()
        if self._http:
            await self._http.close()
        if self._own:
            await asyncio.to_thread(self._own.stop)

    async def _start(self) -> None:
        if self._own:
            await asyncio.to_thread(self._own.start)
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(self._browser.address, max_msg_size=ANSWER_MAX_BYTES)
        self._reader = asyncio.create_task(self._read(self._socket))
        self._context = (await self._call("Target.createBrowserContext", {}))["browserContextId"]
        blank = {"url": "about:blank", "browserContextId": self._context}
        target = await self._call("Target.createTarget", blank)
        attached = await self._call(
            "Target.attachToTarget", {"targetId": target["targetId"], "flatten": True}
        )
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.command(f"{domain}.enable")
        await self.command("Emulation.setTouchEmulationEnabled", enabled=True)
        await self.viewport(*self._size)
        await self.language("zh-CN")

    async def _call(self, method: str, params: dict[str, Any], session: str = "") -> dict[str, Any]:
        if self._socket is None or self._socket.closed:
            raise ChromiumError("chromium is not running")
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": params}
        await self._socket.send_json(message | ({"sessionId": session} if session else {}))
        try:
            got = await asyncio.wait_for(answer, ANSWER_WITHIN_S)
        finally:
            del self._answers[number]
        if "error" in got:
            raise ChromiumError(f"{method}: {got['error']['message']}")
        result: dict[str, Any] = got["result"]
        return result

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            got = json.loads(message.data)
            waiting = self._answers.get(got.get("id", 0))
            if waiting and not waiting.done():
                waiting.set_result(got)
            elif "method" in got:
                self._happened(got["method"], got["params"])
        for waiting in self._answers.values():
            waiting.cancel()

    def _happened(self, method: str, params: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            entry = params["entry"]
            self.complaints.append(f"{entry['text']} {entry.get('url', '')}".strip())

    async def _touch(self, kind: str, point: dict[str, float] | None = None) -> None:
        points = [{"x": point["x"], "y": point["y"]}] if point else []
        await self.command("Input.dispatchTouchEvent", type=kind, touchPoints=points)


# An element as true: it has no JSON of its own.
_PLAIN: Final = "Promise.resolve(%s).then((it) => it instanceof Node || it)"

# Where to touch an element, or why not: something else may lie above it.
_POINT: Final = """(() => {
  const wanted = document.querySelector(%s);
  if (!wanted) return { miss: "no such element" };
  wanted.scrollIntoView({ block: "center", behavior: "instant" });
  const box = wanted.getBoundingClientRect();
  const x = box.left + box.width / 2, y = box.top + box.height / 2;
  const hit = document.elementFromPoint(x, y);
  if (!hit) return { miss: "outside of the screen" };
  if (!wanted.contains(hit) && !hit.contains(wanted)) return { miss: `under ${hit.outerHTML.slice(0, 80)}` };
  return { x, y, left: box.left, width: box.width };
})()"""
