"""The relay's side of updates: offers signed with the key that a module registered, files by aiohttp."""

from pathlib import Path

import release_maker as maker
from aiohttp import hdrs, web

FILES = "/dev/ota/get/0"


class ReleaseDesk:
    """`offers`: kind -> (version, file), for whoever runs less; `checks`, `ranges`: what it was asked."""

    def __init__(self, registrations: list[dict[str, str]]) -> None:
        self._registrations = registrations
        self.offers: dict[int, tuple[str, Path]] = {}
        self.checks: list[dict[str, str]] = []
        self.ranges: list[str] = []
        """The Range of each download, empty without one."""
        self.cut_after: int | None = None
        """Bytes after which the next downloads end."""

    def routes(self) -> list[web.RouteDef]:
        """For an application."""
        return [
            web.post("/dev/ota/v4.1/update_and_check/{did}", self._check),
            web.get(FILES + "/{name}", self._download, allow_head=False),
        ]

    async def _check(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.checks.append(form)
        version, file = self.offers.get(int(form["type"]), ("", Path()))
        if version <= form["soft_version"]:
            return web.Response(status=404, text="error=there is nothing newer")
        key = bytes.fromhex(self._registrations[-1]["update_key"])
        line = maker.offer(
            version,
            file.read_bytes(),
            int(form["type"]),
            key,
            did=request.match_info["did"],
            download_url=f"http://{request.host}{FILES}/{file.name}",
        )
        return web.Response(text=line + "\r\n")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        self.ranges.append(request.headers.get(hdrs.RANGE, ""))
        file = next(file for _, file in self.offers.values() if file.name == request.match_info["name"])
        if self.cut_after is None:
            return web.FileResponse(file)
        content = file.read_bytes()
        response = web.StreamResponse(headers={hdrs.CONTENT_LENGTH: str(len(content))})
        await response.prepare(request)
        await response.write(content[: self.cut_after])
        assert request.transport
        request.transport.close()
        return response
