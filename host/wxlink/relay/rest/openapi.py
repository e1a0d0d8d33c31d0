"""OpenAPI 3.1 of a table of routes."""

import inspect
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from wxlink.relay.errors import ERRORS
from wxlink.relay.rest.route import Route

_REF: Final = "#/components/schemas/{name}"
_PARAMETER: Final = re.compile(r"\{(\w+)\}")

# What the parts of paths look like. Anything may be asked for: what does not exist is answered, not a fault.
_SEGMENT: Final = {"type": "string", "minLength": 1}


class Refusal(msgspec.Struct):
    """Every error. detail_message says what to do next."""

    error_message: str
    error_code: int
    detail_message: str | None


def document(
    title: str,
    version: str,
    about: str,
    routes: Iterable[Route],
    statuses: Mapping[int, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """The document, JSON-safe. Paths without methods that are not in `routes` are not in it.

    statuses: of codes that have another one in this API.
    """
    rows = tuple(routes)
    models = [model for route in rows for model in _models(route)]
    schemas, components = msgspec.json.schema_components([*models, Refusal], ref_template=_REF)
    refusal = schemas[-1]
    schema = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in rows:
        told = {slot: next(schema) for slot in _slots(route)}
        operation = _operation(route, told, components)
        operation["responses"] |= _refusals(route, refusal, statuses)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    for route in rows:
        if route.query:
            components.pop(route.query.__name__, None)  # its fields are parameters
    schemes = {name: scheme for route in rows for name, scheme in route.kind.security.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": about},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": schemes},
    }


def _slots(route: Route) -> list[str]:
    nothing = (None, type(None))
    return [slot for slot in ("body", "query", "return") if route.signature.get(slot) not in nothing]


def _models(route: Route) -> list[Any]:
    return [route.signature[slot] for slot in _slots(route)]


def _operation(route: Route, told: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    summary, _, rest = (inspect.getdoc(route.answering) or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": route.answering.__name__,
        "tags": [route.answering.__module__.rpartition(".")[2]],
        "summary": summary.partition(": ")[2] or summary,
        "description": rest.strip(),
        "parameters": _parameters(route, told, components),
        "responses": _successes(route, told),
        "security": [{name: [] for name in route.kind.security}],
    }
    if "body" in told:
        operation["requestBody"] = {"required": True, "content": _json(told["body"])}
    return operation


def _parameters(route: Route, told: Mapping[str, Any], components: Mapping[str, Any]) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": dict(_SEGMENT)}
        for name in _PARAMETER.findall(route.path)
    ]
    if "query" in told:
        model = components[told["query"]["$ref"].rpartition("/")[2]]
        for name, schema in model["properties"].items():
            required = name in model.get("required", ())
            parameters.append({"name": name, "in": "query", "required": required, "schema": schema})
    return parameters


def _successes(route: Route, told: Mapping[str, Any]) -> dict[str, Any]:
    success = _json(told.get("return", {"type": "object"}))
    return {str(status): {"description": "done", "content": success} for status in route.statuses}


def _refusals(route: Route, refusal: Any, statuses: Mapping[int, int]) -> dict[str, Any]:
    """What each status that refuses looks like, with its codes."""
    coded: dict[int, list[int]] = {413: [9015]} if route.body else {}
    for code in sorted({*route.codes, 9008}):
        coded.setdefault(statuses.get(code, ERRORS[code].status), []).append(code)
    responses: dict[str, Any] = {}
    for status, codes in sorted(coded.items()):
        texts = ", ".join(f"{code} {ERRORS[code].text}" for code in codes)
        exact = {"allOf": [refusal, {"properties": {"error_code": {"enum": codes}}}]}
        responses[str(status)] = {"description": texts, "content": _json(exact)}
    return responses


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
