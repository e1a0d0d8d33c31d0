"""Scenes: what a user starts with one touch."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from wxlink.relay.errors import ApiError
from wxlink.relay.ids import OBJECT_ID, new_object_id
from wxlink.relay.service.core import Owned, check_text
from wxlink.relay.service.steps import REMARK_MAX, TEXT_MAX, Steps, Task
from wxlink.relay.store import Scene, Step
from wxlink.relay.store.runs import DONE, SENDING, WAITING, Cause

SCENES_MAX: Final = 100  # of one user
TASKS_MAX: Final = 50  # of one scene

UNDER_WAY: Final = 0
SUCCEEDED: Final = 1
FAILED: Final = 2
NOT_RUNNING: Final = 3

_STATUS: Final = {WAITING: UNDER_WAY, SENDING: UNDER_WAY, DONE: SUCCEEDED}


class ShownScenes(NamedTuple):
    """The user's scenes, with the devices in them that the user has."""

    scenes: list[Scene]
    devices: Mapping[str, Owned]


class Scenes(Steps):
    """Use cases of scenes. All raise ApiError 9220 without such a scene, 9221 when it is another user's."""

    async def scenes(self, uid: str) -> ShownScenes:
        """All scenes of the user, oldest first."""
        found = await self.store.scenes.of_user(uid)
        named = {task["did"] for scene in found for task in scene.tasks if "did" in task}
        bound = await self.store.bindings.of_user(uid) if named else []
        devices = {one.device.did: await self.owned(one) for one in bound if one.device.did in named}
        return ShownScenes(found, devices)

    async def add_scene(self, uid: str, name: str, remark: str, tasks: Sequence[Task]) -> str:
        """Keep a new scene; its id. Raises ApiError as `steps`, and 9041 when the user has SCENES_MAX."""
        if await self.store.scenes.count(uid) >= SCENES_MAX:
            raise ApiError(9041, f"a user has at most {SCENES_MAX} scenes")
        now = self.clock()
        checked = await self._checked(uid, name, remark, tasks)
        scene = Scene(new_object_id(), uid, name, remark, checked, now, now)
        await self.store.scenes.add(scene)
        return scene.id

    async def change_scene(
        self,
        uid: str,
        scene_id: str,
        *,
        name: str | None = None,
        remark: str | None = None,
        tasks: Sequence[Task] | None = None,
    ) -> None:
        """Change what is given of a scene. Raises ApiError as `steps`."""
        scene = await self.scene(uid, scene_id)
        name = scene.name if name is None else name
        remark = scene.remark if remark is None else remark
        steps = scene.tasks if tasks is None else await self._checked(uid, name, remark, tasks)
        _check_words(name, remark)
        await self.store.scenes.change(scene_id, name, remark, steps, self.clock())

    async def remove_scene(self, uid: str, scene_id: str) -> None:
        """Forget a scene; a run of it ends, and its timers go with it."""
        await self.scene(uid, scene_id)
        await self.store.scenes.remove(scene_id)

    async def run_scene(self, uid: str, scene_id: str) -> None:
        """Start a scene; when it is under way already, it begins anew. Raises ApiError 9041."""
        scene = await self.scene(uid, scene_id)
        await self.check_runs(uid)
        await self.store.runs.start(Cause(uid, scene_id=scene_id), scene.tasks, self.clock())

    async def scene_status(self, uid: str, scene_id: str) -> int:
        """How the last run went: UNDER_WAY, SUCCEEDED, FAILED, or NOT_RUNNING when there was none."""
        await self.scene(uid, scene_id)
        run = await self.store.runs.latest_of_scene(scene_id)
        return NOT_RUNNING if run is None else _STATUS.get(run.state, FAILED)

    async def scene(self, uid: str, scene_id: str) -> Scene:
        """One of the user's scenes."""
        scene = await self.store.scenes.get(scene_id) if OBJECT_ID.fullmatch(scene_id) else None
        if scene is None:
            raise ApiError(9220)
        if scene.uid != uid:
            raise ApiError(9221)
        return scene

    async def _checked(self, uid: str, name: str, remark: str, tasks: Sequence[Task]) -> list[Step]:
        _check_words(name, remark)
        if not 0 < len(tasks) <= TASKS_MAX:
            raise ApiError(9015, f"a scene has 1 to {TASKS_MAX} tasks")
        return await self.steps(uid, tasks)


def _check_words(name: str, remark: str) -> None:
    check_text("scene_name", name, TEXT_MAX, 1)
    check_text("remark", remark, REMARK_MAX)
