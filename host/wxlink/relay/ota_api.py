"""The HTTP API by which modules update themselves and their MCUs. Form text, as in `device_api`.

GAgent searches the whole answer, headers included, for `soft_ver=`, `download_url=http://`,
`Content-Length: `, `Firmware-MD5: ` and `filename=`; it takes any status but 200 for "nothing new". It
downloads by HEAD and GET with requests of at most 200 bytes, so that the URL is short.
"""

from collections.abc import Mapping
from typing import Final

from aiohttp import hdrs, web

from wxlink.relay.device_api import answer, field, form
from wxlink.relay.errors import ApiError
from wxlink.relay.front import endpoints
from wxlink.relay.service import Checks, Offer, Service

DOWNLOAD_PATH: Final = "/dev/ota/get"
HTTP_PORT: Final = 80

_SERVICE: Final = web.AppKey("update API service", Service)
_CHECKS: Final = web.AppKey("update API checks", Checks)


def setup(app: web.Application, service: Service) -> None:
    """Let an application answer; `device_api.setup` must have been called: its middleware words refusals."""
    app[_SERVICE] = service
    app[_CHECKS] = Checks()
    app.router.add_post("/dev/ota/v4.1/update_and_check/{did}", update_and_check)
    app.router.add_get("/dev/ota/v4.1/latest", latest)
    app.router.add_get("/dev/ota/target_fid", latest)
    app.router.add_get(f"{DOWNLOAD_PATH}/{{token}}/{{name}}", download)


async def update_and_check(request: web.Request) -> web.Response:
    """POST /dev/ota/v4.1/update_and_check/<did> `passcode&type&hard_version&soft_version[&manifest=1]`.

    200 `soft_ver=..&download_url=http://..` and the end of a line; with manifest=1 `&size&sha256&hmac` before
    it. hard_version is not looked at: a product has one line of releases.
    """
    fields = await form(request)
    offer = await request.app[_SERVICE].check_update(
        request.match_info["did"],
        field(fields, "passcode"),
        field(fields, "type"),
        field(fields, "soft_version"),
        proved=fields.get("manifest") == "1",
        address=request.remote or "",
        checks=request.app[_CHECKS],
    )
    return _offered(request, offer)


async def latest(request: web.Request) -> web.Response:
    """GET /dev/ota/v4.1/latest or /dev/ota/target_fid `?product_key&type&soft_version`, of old modules."""
    query = request.query
    offer = await request.app[_SERVICE].check_blindly(
        field(query, "product_key"),
        field(query, "type"),
        field(query, "soft_version"),
        request.remote or "",
        request.app[_CHECKS],
    )
    return _offered(request, offer)


async def download(request: web.Request) -> web.StreamResponse:
    """GET or HEAD of a download_url: the file, whole or a range of it."""
    opened = await request.app[_SERVICE].open_download(request.match_info["token"])
    release = opened.release
    if not opened.path.is_file():  # one stat of a local disk, as the answer's own
        raise ApiError(9008, f"the file of release {release.id} is missing; add it again")
    response = web.FileResponse(
        opened.path,
        headers={
            hdrs.CONTENT_TYPE: "application/octet-stream",
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{release.file_name}"',
            hdrs.CACHE_CONTROL: "private, no-store",
            "Firmware-MD5": release.file.md5,
            "Soft-Version": release.version,
        },
    )
    response.force_close()
    return response


def _offered(request: web.Request, offer: Offer | None) -> web.Response:
    if offer is None:
        raise ApiError(9027, "there is nothing newer")
    release = offer.release
    parts: Mapping[str, object] = {
        "soft_ver": release.version,
        "download_url": f"{_base(request, offer)}{DOWNLOAD_PATH}/{offer.token}/{release.file_name}",
    }
    if offer.proof is not None:
        proof = {"size": release.file.size, "sha256": release.file.sha256, "hmac": offer.proof}
        parts = {**parts, **proof}
    return answer("&".join(f"{name}={value}" for name, value in parts.items()) + "\r\n")


def _base(request: web.Request, offer: Offer) -> str:
    """Where the module reaches this relay by plain HTTP: GAgent follows no https URL, and port 80 only."""
    settings = request.app[_SERVICE].settings
    to = endpoints(request, settings)
    port = to.ws_port if offer.proof else settings.doorways(to).http_port
    return f"http://{to.host}" + (f":{port}" if port != HTTP_PORT else "")
