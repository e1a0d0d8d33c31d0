"""Scenes: lists of commands and pauses that a user starts by hand or by a timer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update

from wxlink.relay.store.database import Database
from wxlink.relay.store.runs import Step
from wxlink.relay.store.schema import scenes


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene; tasks as `runs.Step`."""

    id: str
    uid: str
    name: str
    remark: str
    tasks: list[Step]
    created_at: float
    updated_at: float


class Scenes:
    """The table of scenes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, scene: Scene) -> None:
        """Keep a new scene."""
        row = {column.name: getattr(scene, column.name) for column in scenes.columns}
        async with self._database.write() as conn:
            await conn.execute(scenes.insert(), row)

    async def get(self, scene_id: str) -> Scene | None:
        """The scene, or None when there is none."""
        async with self._database.read() as conn:
            row = (await conn.execute(select(scenes).where(scenes.c.id == scene_id))).one_or_none()
        return None if row is None else Scene(**row._mapping)

    async def of_user(self, uid: str) -> list[Scene]:
        """The user's scenes, oldest first."""
        query = select(scenes).where(scenes.c.uid == uid).order_by(scenes.c.created_at, scenes.c.id)
        async with self._database.read() as conn:
            return [Scene(**row._mapping) for row in await conn.execute(query)]

    async def count(self, uid: str) -> int:
        """How many scenes the user has."""
        query = select(func.count()).select_from(scenes).where(scenes.c.uid == uid)
        async with self._database.read() as conn:
            return int((await conn.execute(query)).scalar_one())

    async def change(self, scene_id: str, name: str, remark: str, tasks: Sequence[Step], at: float) -> None:
        """Write a scene anew; a run that goes on keeps the tasks it began with."""
        values: dict[str, Any] = {"name": name, "remark": remark, "tasks": list(tasks), "updated_at": at}
        async with self._database.write() as conn:
            await conn.execute(update(scenes).where(scenes.c.id == scene_id).values(**values))

    async def remove(self, scene_id: str) -> None:
        """Forget a scene with its runs and timers."""
        async with self._database.write() as conn:
            await conn.execute(delete(scenes).where(scenes.c.id == scene_id))
