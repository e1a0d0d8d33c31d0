"""What a database says when it cannot be used: whether it passes by itself, and what an operator can do."""

from typing import Final

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class StoreError(Exception):
    """The database cannot be used; the text says what to change."""


# Classes of PostgreSQL's SQLSTATE that pass: connection lost, two transactions in each other's way, nothing
# left (memory, disk, connections), locked, the server stops or starts, its disk fails. SQLAlchemy's asyncpg
# has no kind of error of its own for them.
_PASSING_STATES: Final = ("08", "40", "53", "55", "57", "58")
_UNAVAILABLE: Final = (OperationalError, InterfaceError, PoolTimeout, OSError)

_REMEDIES: Final = {
    "28P01": "it refuses user {user} with this password: correct user and password in the URL",
    "28000": "it does not let user {user} in from here: see its pg_hba.conf",
    "3D000": "it has no database {database}: make it with `createdb --owner={user} {database}`",
    "42501": "user {user} may not make tables there: make it the owner with "
    "`ALTER DATABASE {database} OWNER TO {user}`",
    "53300": "it has no connection left: raise its max_connections",
    "57P03": "it is starting or stopping: try again in a minute",
}


def passes(error: BaseException) -> bool:
    """Whether the same work may succeed later: the database is locked, full, restarting or unreachable."""
    if isinstance(error, _UNAVAILABLE):
        return True
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or _state(error).startswith(_PASSING_STATES)


def explained(error: OSError | DBAPIError, url: URL) -> StoreError:
    """The error for an operator; the URL's password is not in it."""
    if url.get_backend_name() == "sqlite":
        return StoreError(f"the database cannot be opened: {_said(error)}")
    words = {"user": url.username or "(none)", "database": url.database or "(none)"}
    remedy = _REMEDIES.get(_state(error), "").format(**words)
    if remedy:
        return StoreError(f"the database server at {_place(url)}: {remedy}")
    if isinstance(error, OSError):
        return StoreError(
            f"the database server at {_place(url)} cannot be reached ({_said(error)}): "
            "start it, or correct host and port in the URL"
        )
    return StoreError(f"the database server at {_place(url)} cannot be used: {_said(error)}")


def _state(error: BaseException) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def _said(error: OSError | DBAPIError) -> str:
    if isinstance(error, DBAPIError):
        return str(error.orig)
    return error.strerror or str(error) or type(error).__name__


def _place(url: URL) -> str:
    host = url.host or str(url.query.get("host", "its socket"))
    return f"{host}:{url.port}" if url.port else host
