"""One call: method, path and the function that answers it, whose signature says what is taken and given."""

import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Any, Final, NamedTuple, TypeAlias, get_args, get_type_hints

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import MultiMapping

from wxlink.relay.errors import ApiError
from wxlink.relay.rest.answers import answer
from wxlink.relay.rest.call import Call
from wxlink.relay.service import Service

BODY_MAX: Final = 256 * 1024  # bytes; the longest raw command, written as a list of numbers, takes 100 KB

Answering: TypeAlias = Callable[..., Awaitable[Any]]


class Given(NamedTuple):
    """An answer with another status than the route's first."""

    status: int
    body: Any


@dataclass(frozen=True)
class Route:
    """A row of an API's table.

    answering: `async def f(call: <kind of Call>, body: <Struct>, query: <Struct>) -> <Struct, list or None>`;
    body and query only where the call has them. Nothing returned is `{}` on the wire, as the public service
    answers. statuses: of success; the first is used unless `Given` names another. errors: the codes that it
    refuses with, besides those that its kind of call and its models bring.
    """

    method: str
    path: str
    answering: Answering
    statuses: tuple[int, ...] = (200,)
    errors: tuple[int, ...] = ()

    @cached_property
    def signature(self) -> Mapping[str, Any]:
        """The types of the function's parameters and, under `return`, of its answer."""
        hints = get_type_hints(self.answering, include_extras=True)
        first = next(iter(inspect.signature(self.answering).parameters))
        bodies = [kind for kind in get_args(hints["return"]) if kind is not Given]
        answer = reduce(or_, bodies) if Given in get_args(hints["return"]) else hints["return"]
        return {**hints, "call": hints[first], "return": answer}

    @property
    def kind(self) -> type[Call]:
        """Who may call."""
        kind: type[Call] = self.signature["call"]
        return kind

    @property
    def body(self) -> Any:
        """The model of the body, None without one."""
        return self.signature.get("body")

    @property
    def query(self) -> Any:
        """The model of the query, None without one."""
        return self.signature.get("query")

    @property
    def codes(self) -> frozenset[int]:
        """Every error code that it may answer with, our own fault (9008) aside."""
        formed = (9015,) if self.body or self.query else ()
        return frozenset((*self.errors, *self.kind.refusals, *formed))


def add_routes(app: web.Application, service: Service, routes: Iterable[Route]) -> None:
    """Let an application answer these calls; refusals are raised as ApiError, for its middleware."""
    for route in routes:
        app.router.add_route(route.method, route.path, _handler(route, service))


def _handler(route: Route, service: Service) -> Handler:
    kind, answering, query, usual = route.kind, route.answering, route.query, route.statuses[0]
    decoder = msgspec.json.Decoder(route.body) if route.body else None

    async def handle(request: web.Request) -> web.Response:
        call = kind(request, service)
        await call.admit()
        told: dict[str, Any] = {}
        if decoder is not None:
            told["body"] = await _body(request, decoder)
        if query is not None:
            told["query"] = _query(call.query(), query)
        said = await answering(call, **told)
        status, body = said if isinstance(said, Given) else (usual, said)
        return answer({} if body is None else msgspec.to_builtins(body), status)

    return handle


async def _body(request: web.Request, decoder: msgspec.json.Decoder[Any]) -> Any:
    """The body, JSON whatever its content type says. Raises ApiError 9015."""
    # A copy of the request carries this API's own limit; reading past it raises 413.
    body = await request.clone(client_max_size=BODY_MAX).read()
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise ApiError(9015, f"the body does not fit: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ApiError(9015, "the body is not JSON") from error


def _query(given: MultiMapping[str], model: Any) -> Any:
    """The query; what is empty counts as missing. Raises ApiError 9015."""
    words: dict[str, str] = {}
    for name, text in given.items():
        if text:
            words.setdefault(name, text)
    try:
        json.dumps(words, ensure_ascii=False).encode()  # bytes that are no text come as lone surrogates
        return msgspec.convert(words, model, strict=False)
    except msgspec.ValidationError as error:
        raise ApiError(9015, f"the query does not fit: {error}") from error
    except UnicodeEncodeError as error:
        raise ApiError(9015, "the query is not UTF-8") from error
