"""One API call as its handler sees it: who calls, and from where."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from aiohttp import web
from multidict import MultiMapping

from wxlink.relay.front import endpoints
from wxlink.relay.service import Service
from wxlink.relay.settings import Endpoints

APP_ID: Final = "X-Gizwits-Application-Id"
USER_TOKEN: Final = "X-Gizwits-User-token"  # noqa: S105  the name of a header


class Call:
    """A request that anybody may make, with the service that answers it.

    A subclass is a kind of caller: `admit` asks who it is, `security` says in OpenAPI's words how it proves
    that (the name of each scheme and its object).
    """

    security: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    refusals: ClassVar[tuple[int, ...]] = ()
    """The codes that `admit` raises."""

    def __init__(self, request: web.Request, service: Service) -> None:
        self.service = service
        self._request = request

    async def admit(self) -> None:
        """Find out who calls. Raises ApiError when it may not."""

    @property
    def did(self) -> str:
        """The did in the path."""
        return self.segment("did")

    def segment(self, name: str) -> str:
        """The part of the path that the route's template calls `name`."""
        return self._request.match_info[name]

    def query(self) -> MultiMapping[str]:
        """What stands after the `?`."""
        return self._request.query

    @property
    def appid(self) -> str:
        """The app that calls; whether it exists is the service's to say."""
        return self.header(APP_ID)

    @property
    def address(self) -> str:
        """The address of the caller."""
        return self._request.remote or ""

    @property
    def base(self) -> str:
        """The address by which browsers reach this relay, without a slash at its end."""
        public = self.service.settings.public_url
        return public.rstrip("/") if public else f"{self._request.scheme}://{self._request.host}"

    def endpoints(self) -> Endpoints:
        """Where this caller reaches the relay."""
        return endpoints(self._request, self.service.settings)

    def header(self, name: str) -> str:
        """A header's text, empty when it is missing."""
        return self._request.headers.get(name, "")


class AppCall(Call):
    """A request of a known app. `admit` raises ApiError 9003."""

    security: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "app": {"type": "apiKey", "in": "header", "name": APP_ID, "description": "the appid"}
    }
    refusals: ClassVar[tuple[int, ...]] = (9003,)

    async def admit(self) -> None:
        await self.service.check_app(self.appid)


class UserCall(AppCall):
    """A request of a user through an app. `admit` raises ApiError 9003, 9004 or 9041."""

    security: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **AppCall.security,
        "user": {"type": "apiKey", "in": "header", "name": USER_TOKEN, "description": "the user's token"},
    }
    refusals: ClassVar[tuple[int, ...]] = (9003, 9004, 9041)
    uid: str

    async def admit(self) -> None:
        self.uid = await self.service.authenticate(self.appid, self.header(USER_TOKEN))
        self.service.allowance.take(self.uid, self.appid)
