"""A look at a database that changes nothing: is it there, and how old is its schema."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from wxlink.relay.store.store import MIGRATIONS
from wxlink.relay.store.trouble import StoreError


class Peek(NamedTuple):
    """revision: the database's, None when it is empty or not there. ahead: a newer program wrote it."""

    revision: str | None
    newest: str
    ahead: bool


async def peek(url: str) -> Peek:
    """Look. Raises StoreError when the database cannot be reached or is none."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    newest = scripts.get_current_head() or ""
    try:
        parsed = _read_only(make_url(url))
        revision = None if parsed is None else await _revision(parsed)
    except (ArgumentError, ModuleNotFoundError) as error:
        raise StoreError(f"the database URL cannot be used ({type(error).__name__})") from error
    except DBAPIError as error:
        raise StoreError(f"the database cannot be opened: {error.orig}") from error
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"the database cannot be opened: {type(error).__name__}: {error}") from error
    known = {script.revision for script in scripts.walk_revisions()}
    return Peek(revision, newest, revision is not None and revision not in known)


def _read_only(url: URL) -> URL | None:
    """The URL for looking only; None when the file of SQLite is not there."""
    if url.get_backend_name() != "sqlite":
        return url
    path = Path(url.database or "").absolute()
    if not path.exists():
        return None
    # Without a log there is nobody who writes; `immutable` keeps SQLite from making one.
    mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "immutable=1"
    return url.set(database=f"file:{quote(str(path))}", query={"uri": "true", **dict([mode.split("=")])})


async def _revision(url: URL) -> str | None:
    engine = create_async_engine(url, hide_parameters=True)
    try:
        async with engine.connect() as conn:
            tables = await conn.run_sync(lambda sync: inspect(sync).get_table_names())
            if "alembic_version" not in tables:
                return None
            found = (await conn.execute(text("SELECT version_num FROM alembic_version"))).scalar()
            return None if found is None else str(found)
    finally:
        await engine.dispose()
