"""AsyncAPI 3.0 of the WebSocket, read off its words."""

import inspect
from typing import Any, Final

import msgspec

from wxlink import __version__
from wxlink.relay.ws_api.words import FROM_CLIENTS, TO_CLIENTS

ASYNCAPI_PATH: Final = "/asyncapi.json"
_REF: Final = "#/components/schemas/{name}"
_ABOUT: Final = (
    "Text messages, one JSON object each, ASCII only from the relay. The first message is login_req. "
    "Messages are handled strictly in the order of arrival; a socket that says nothing for 1.5 times its "
    "heartbeat_interval is closed. Compatible with the public Gizwits WebSocket API, version 1.0.7."
)


def document(path: str) -> dict[str, Any]:
    """The document of the socket at this path, JSON-safe."""
    words = (*FROM_CLIENTS, *TO_CLIENTS)
    schemas, components = msgspec.json.schema_components(words, ref_template=_REF)
    messages = {
        _name(word): {
            "name": _name(word),
            "summary": (inspect.getdoc(word) or "").partition("\n")[0],
            "contentType": "application/json",
            "payload": schema,
        }
        for word, schema in zip(words, schemas, strict=True)
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "wxlink WebSocket API", "version": __version__, "description": _ABOUT},
        "defaultContentType": "application/json",
        "channels": {
            "app": {
                "address": path,
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "listen": _operation("receive", FROM_CLIENTS),
            "tell": _operation("send", TO_CLIENTS),
        },
        "components": {"messages": messages, "schemas": components},
    }


def _operation(action: str, words: tuple[type[msgspec.Struct], ...]) -> dict[str, Any]:
    """AsyncAPI 3 speaks from the relay's side: it receives what clients say."""
    told = [{"$ref": f"#/channels/app/messages/{_name(word)}"} for word in words]
    return {"action": action, "channel": {"$ref": "#/channels/app"}, "messages": told}


def _name(word: type[msgspec.Struct]) -> str:
    return str(word.__struct_config__.tag)
