"""Scenes: several commands with one touch."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from wxlink.relay.errors import ApiError
from wxlink.relay.http_api.lists import iso
from wxlink.relay.rest import Route, UserCall
from wxlink.relay.rest.words import Attrs, Raw, octets
from wxlink.relay.service import Owned
from wxlink.relay.service.scenes import TASKS_MAX
from wxlink.relay.service.steps import DELAY_MAX_S, Command, Task
from wxlink.relay.store import Scene, Step
from wxlink.relay.values import BASE64


class SceneTask(Struct, kw_only=True):
    """A task: `device` needs did, `group` group_id, both attrs or raw; `delay` needs time, in seconds.

    Of an enum the index is taken as well as the text; raw, and binary data points, are base64 unless
    binary_coding says hex.
    """

    task_type: Literal["delay", "device", "group"]
    time: Annotated[int, Meta(ge=0, le=DELAY_MAX_S)] | None = None
    did: str | None = None
    group_id: str | None = None
    attrs: Attrs | None = None
    raw: Raw | None = None
    binary_coding: str | None = None


Tasks = Annotated[list[SceneTask], Meta(min_length=1, max_length=TASKS_MAX)]


class NewScene(Struct, kw_only=True):
    """A scene. binary_coding: that of the tasks that name none."""

    scene_name: str
    tasks: Tasks
    remark: str | None = None
    binary_coding: str | None = None


class ChangedScene(Struct, kw_only=True):
    """What changes of a scene; what is missing or null stays."""

    scene_name: str | None = None
    tasks: Tasks | None = None
    remark: str | None = None
    binary_coding: str | None = None


class SceneId(Struct):
    """A scene."""

    id: str


class TaskEntry(Struct, kw_only=True):
    """A task, with what the user calls its device; what does not fit its type is empty."""

    task_type: str
    did: str = ""
    product_key: str = ""
    group_name: str = ""
    raw: str = ""
    attrs: Attrs
    dev_remark: str = ""
    time: int = 0
    group_id: str = ""
    verbose_name: str = ""
    dev_alias: str = ""


class SceneEntry(Struct, kw_only=True):
    """A scene."""

    id: str
    scene_name: str
    remark: str
    tasks: list[TaskEntry]
    created_at: str
    updated_at: str


class SceneStatus(Struct):
    """How the last run went: 0 it is under way, 1 done, 2 failed, 3 it never ran."""

    status: Annotated[int, Meta(ge=0, le=3)]


async def list_scenes(call: UserCall) -> list[SceneEntry]:
    """GET /app/scene: the user's scenes, oldest first."""
    shown = await call.service.scenes(call.uid)
    return [_entry(scene, shown.devices) for scene in shown.scenes]


async def add_scene(call: UserCall, body: NewScene) -> SceneId:
    """POST /app/scene: keep a scene; it runs when it is told to, or by a timer."""
    tasks = [_task(task, body.binary_coding) for task in body.tasks]
    return SceneId(await call.service.add_scene(call.uid, body.scene_name, body.remark or "", tasks))


async def change_scene(call: UserCall, body: ChangedScene) -> None:
    """PUT /app/scene/{id}: change a scene; a run that is under way goes on as it began."""
    tasks = None if body.tasks is None else [_task(task, body.binary_coding) for task in body.tasks]
    scene = call.segment("id")
    await call.service.change_scene(call.uid, scene, name=body.scene_name, remark=body.remark, tasks=tasks)


async def remove_scene(call: UserCall) -> None:
    """DELETE /app/scene/{id}: forget a scene with its timers; a run of it ends."""
    await call.service.remove_scene(call.uid, call.segment("id"))


async def show_run(call: UserCall) -> SceneStatus:
    """GET /app/scene/{id}/task: how the last run goes, or went."""
    return SceneStatus(await call.service.scene_status(call.uid, call.segment("id")))


async def run_scene(call: UserCall) -> None:
    """POST /app/scene/{id}/task: start a scene; one that is under way begins anew."""
    await call.service.run_scene(call.uid, call.segment("id"))


def _task(task: SceneTask, usual_coding: str | None) -> Task:
    if task.task_type == "delay":
        return Task(delay_s=task.time)
    coding = task.binary_coding or usual_coding or BASE64
    raw = None if task.raw is None or task.attrs else octets(task.raw, coding)
    command = Command(task.attrs, raw, coding)
    if task.task_type == "device":
        if not task.did:
            raise ApiError(9015, "a task of type device needs did")
        return Task(task.did, command=command)
    return Task(group_id=task.group_id or "", command=command)


def _entry(scene: Scene, devices: Mapping[str, Owned]) -> SceneEntry:
    return SceneEntry(
        id=scene.id,
        scene_name=scene.name,
        remark=scene.remark,
        tasks=[_task_entry(step, devices) for step in scene.tasks],
        created_at=iso(scene.created_at),
        updated_at=iso(scene.updated_at),
    )


def _task_entry(step: Step, devices: Mapping[str, Owned]) -> TaskEntry:
    if "delay" in step:
        return TaskEntry(task_type="delay", time=step["delay"], attrs={})
    raw = b64encode(bytes.fromhex(step.get("raw", ""))).decode()
    told: dict[str, Any] = {"raw": raw, "attrs": step.get("attrs", {})}
    if "group_id" in step:
        return TaskEntry(task_type="group", group_id=step["group_id"], **told)
    owned = devices.get(step["did"])
    if owned is not None:
        told |= {
            "product_key": owned.product.product_key,
            "verbose_name": owned.product.name,
            "dev_remark": owned.binding.remark,
            "dev_alias": owned.binding.alias,
        }
    return TaskEntry(task_type="device", did=step["did"], **told)


_OWN: Final = (9220, 9221)
_TASKS: Final = (9002, 9014, 9017, 9025)

ROUTES: Final = (
    Route("GET", "/app/scene", list_scenes, errors=(9002,)),
    Route("POST", "/app/scene", add_scene, (201,), (*_TASKS, 9041)),
    Route("PUT", "/app/scene/{id}", change_scene, errors=(*_OWN, *_TASKS)),
    Route("DELETE", "/app/scene/{id}", remove_scene, errors=_OWN),
    Route("GET", "/app/scene/{id}/task", show_run, errors=_OWN),
    Route("POST", "/app/scene/{id}/task", run_scene, errors=(*_OWN, 9041)),
)
