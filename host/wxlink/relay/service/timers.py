"""Timers: what happens at a time of day, once or again and again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wxlink.relay.errors import ApiError
from wxlink.relay.ids import OBJECT_ID, new_object_id
from wxlink.relay.service.core import check_text
from wxlink.relay.service.scenes import Scenes
from wxlink.relay.service.steps import REMARK_MAX, Command, Task
from wxlink.relay.store import Run, Timer
from wxlink.relay.store.timers import recurrence_of

TIMERS_MAX: Final = 300  # of one user
DEVICE_TIMERS_MAX: Final = 50  # of one user for one device
DEVICES_MAX: Final = 20  # in one timer of the old form


@dataclass(frozen=True, slots=True)
class Target:
    """What a timer is for: the first that is not empty. None of them: the old form, with tasks."""

    did: str = ""
    group_id: str = ""
    scene_id: str = ""

    def columns(self) -> dict[str, str | None]:
        """The columns that hold it."""
        chosen = next((name for name in _TARGETS if getattr(self, name)), None)
        return {name: getattr(self, name) if name == chosen else None for name in _TARGETS}


_TARGETS: Final = ("did", "group_id", "scene_id")


@dataclass(frozen=True, slots=True)
class TimerForm:
    """What a client says of a timer; None leaves a field as it is, or as usual.

    fields: `time`, `repeat`, `date`, `days`, `start_date`, `end_date` and others that are only kept.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    enabled: bool | None = None
    remark: str | None = None
    command: Command | None = None
    tasks: Sequence[Task] | None = None


class Timers(Scenes):
    """Use cases of timers. All raise ApiError 9030 when the user has no such timer."""

    async def timers(self, uid: str, target: Target, limit: int, skip: int = 0) -> list[Timer]:
        """The user's timers for this target, oldest first."""
        if target.did:
            await self.device(uid, target.did)
        elif target.group_id:
            await self.group_devices(uid, target.group_id)
        elif target.scene_id:
            await self.scene(uid, target.scene_id)
        return await self.store.timers.of_user(uid, target.columns(), limit, skip)

    async def add_timer(self, uid: str, target: Target, form: TimerForm) -> str:
        """Keep a new timer; its id.

        Raises ApiError: 9014, 9017, 9220, 9221 for what the user does not have, 9015 naming the field that
        does not fit, 9025 the data point, 9041 when the user has too many.
        """
        columns = target.columns()
        did = columns["did"]
        if await self.store.timers.count(uid) >= TIMERS_MAX:
            raise ApiError(9041, f"a user has at most {TIMERS_MAX} timers")
        if did and len(await self.store.timers.of_user(uid, columns, DEVICE_TIMERS_MAX)) >= DEVICE_TIMERS_MAX:
            raise ApiError(9041, f"a device has at most {DEVICE_TIMERS_MAX} timers")
        product_key = ""
        if did:
            product_key = (await self.device(uid, did)).product.product_key
        elif columns["group_id"]:
            product_key = await self.group_product(uid, columns["group_id"])
        timer = Timer(
            new_object_id(), uid, **columns, product_key=product_key, steps=[], fields={}, enabled=True,
            remark="", created_at=self.clock(), next_at=None,
        )  # fmt: skip
        changed = await self._changed(timer, form)
        if not changed.steps and not changed.scene_id:
            raise ApiError(9015, "give attrs or raw")
        await self.store.timers.add(changed)
        return timer.id

    async def change_timer(self, uid: str, timer_id: str, form: TimerForm, did: str | None = None) -> None:
        """Change what is given; with `did`, only of that device's. Raises ApiError as `add_timer`."""
        timer = await self.timer(uid, timer_id, did)
        await self.store.timers.change(await self._changed(timer, form))

    async def remove_timer(self, uid: str, timer_id: str, did: str | None = None) -> None:
        """Forget a timer and its log; with `did`, only one of that device."""
        await self.timer(uid, timer_id, did)
        await self.store.timers.remove(timer_id)

    async def timer_log(self, uid: str, timer_id: str, limit: int, skip: int = 0) -> list[Run]:
        """How a timer's runs went, the newest first."""
        await self.timer(uid, timer_id)
        return await self.store.runs.of_timer(timer_id, limit, skip)

    async def timer(self, uid: str, timer_id: str, did: str | None = None) -> Timer:
        """One of the user's timers; with `did`, only one of that device."""
        timer = await self.store.timers.get(timer_id) if OBJECT_ID.fullmatch(timer_id) else None
        if timer is None or timer.uid != uid or did not in (None, timer.did):
            raise ApiError(9030)
        return timer

    async def _changed(self, timer: Timer, form: TimerForm) -> Timer:
        """The timer with what is given, checked, and its next due time."""
        fields = timer.fields | {name: value for name, value in form.fields.items() if value is not None}
        enabled = timer.enabled if form.enabled is None else form.enabled
        remark = timer.remark if form.remark is None else form.remark
        check_text("remark", remark, REMARK_MAX)
        try:
            next_at = recurrence_of(fields).next_after(self.clock()) if enabled else None
        except (KeyError, ValueError) as error:
            told = "a timer needs time" if isinstance(error, KeyError) else str(error)
            raise ApiError(9015, told) from error
        if enabled and next_at is None:
            raise ApiError(9015, "this timer would never be due: its date, or its end_date, is over")
        steps = await self._steps_of(timer, form)
        return replace(timer, fields=fields, enabled=enabled, remark=remark, next_at=next_at, steps=steps)

    async def _steps_of(self, timer: Timer, form: TimerForm) -> list[Any]:
        if timer.scene_id is not None:
            await self.scene(timer.uid, timer.scene_id)
            return []
        if timer.did is not None or timer.group_id is not None:
            if form.command is None:
                return timer.steps
            tasks = [Task(timer.did or "", timer.group_id or "", form.command)]
            return await self.steps(timer.uid, tasks)
        if form.tasks is None:
            return timer.steps
        if not 0 < len(form.tasks) <= DEVICES_MAX:
            raise ApiError(9015, f"task names 1 to {DEVICES_MAX} devices")
        return await self.steps(timer.uid, form.tasks)
