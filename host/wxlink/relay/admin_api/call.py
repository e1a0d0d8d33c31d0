"""A call of a member, and what this API shows of the service's rows."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, TypeAlias

from aiohttp import hdrs
from msgspec import Meta

from wxlink.relay.rest import Call
from wxlink.relay.service import Actor

BEARER: Final = "bearer "

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128)]
Password: TypeAlias = Annotated[str, Meta(max_length=128)]
Days: TypeAlias = Annotated[int, Meta(ge=1, le=366)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=366 * 86_400)]


class MemberCall(Call):
    """A call with a session or a token. `admit` raises ApiError 9004."""

    security: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "member": {
            "type": "http",
            "scheme": "bearer",
            "description": "a token of `wxlink token add`, or of POST /admin/v1/login",
        }
    }
    refusals: ClassVar[tuple[int, ...]] = (9004, 9093)
    by: Actor

    async def admit(self) -> None:
        given = self.header(hdrs.AUTHORIZATION)
        token = given[len(BEARER) :].strip() if given.lower().startswith(BEARER) else ""
        self.by = await self.service.actor(token)

    @property
    def maker(self) -> int:
        """The id of the caller's maker."""
        return self.by.maker or 0  # a member always has one
