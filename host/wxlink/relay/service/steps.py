"""Steps of scenes, timers and rules: checked when they are written, done when they are due."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from wxlink.relay.errors import ApiError
from wxlink.relay.service.control import control_p0, unwrapped
from wxlink.relay.service.groups import Groups
from wxlink.relay.store import SCHEDULER, Origin, Step
from wxlink.relay.values import HEX

DELAY_MAX_S: Final = 3_600  # the wire's own limit (app-api 2.6)
TEXT_MAX: Final = 128  # characters of a name
REMARK_MAX: Final = 255
RUNS_MAX: Final = 200  # runs of one user under way

Outcome: TypeAlias = dict[str, Any]
"""`did` (or `group_id`) and `code`, 0 when the command is on its way."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a device is to do: data points, in this coding, or P0 bytes."""

    attrs: Mapping[str, Any] | None = None
    raw: bytes | None = None
    coding: str = HEX


@dataclass(frozen=True, slots=True)
class Task:
    """One task: for a device, for a group, or a pause; the first that is there counts."""

    did: str = ""
    group_id: str = ""
    command: Command = Command()
    delay_s: int | None = None


class Steps(Groups):
    """What scenes, timers and rules share."""

    async def perform(self, uid: str, step: Step) -> list[Outcome]:
        """Send the command of a step for this user; nothing is kept for a device that is off-line."""
        if "did" in step:
            return [await self._send(uid, step["did"], step)]
        try:
            members = await self.group_devices(uid, step["group_id"])
        except ApiError as error:
            return [{"group_id": step["group_id"], "code": error.code}]
        return list(await asyncio.gather(*(self._send(uid, member.did, step) for member in members)))

    async def steps(self, uid: str, tasks: Sequence[Task]) -> list[Step]:
        """The tasks as steps.

        Raises ApiError: 9014, 9017 for a device that the user does not have, 9015 for what is no task, 9025
        naming the data point whose value does not fit.
        """
        return [await self._step(uid, task) for task in tasks]

    async def check_runs(self, uid: str) -> None:
        """Raises ApiError 9041 when RUNS_MAX runs of the user are under way."""
        if await self.store.runs.going(uid) >= RUNS_MAX:
            raise ApiError(9041, "too many scenes, timers and rules of this user are under way")

    async def _step(self, uid: str, task: Task) -> Step:
        if task.did:
            return {"did": task.did, **await self._command(uid, task.did, task.command)}
        if task.group_id:
            return {"group_id": task.group_id, **await self._group_command(uid, task)}
        if task.delay_s is not None and 0 <= task.delay_s <= DELAY_MAX_S:
            return {"delay": task.delay_s}
        raise ApiError(9015, f"a task has a did, a group_id or a pause of 0 to {DELAY_MAX_S} seconds")

    async def _command(self, uid: str, did: str, command: Command) -> Step:
        shape = _shape(command)
        if command.attrs:
            control_p0((await self.device(uid, did)).product, command.attrs, command.coding)
        else:
            await self.device(uid, did)
        return shape

    async def _group_command(self, uid: str, task: Task) -> Step:
        shape, command = _shape(task.command), task.command
        product_key = await self.group_product(uid, task.group_id)
        if command.attrs:
            await self.check_attrs(product_key, command.attrs, command.coding)
        return shape

    async def _send(self, uid: str, did: str, step: Step) -> Outcome:
        try:
            if "raw" in step:
                await self.device(uid, did)
                _, p0 = unwrapped(bytes.fromhex(step["raw"]))
            else:
                product = (await self.device(uid, did)).product
                p0 = control_p0(product, step["attrs"], step["coding"])
            await self.downlink.send(did, p0, Origin(SCHEDULER, uid=uid))
        except ApiError as error:
            return {"did": did, "code": error.code}
        return {"did": did, "code": 0}


def _shape(command: Command) -> Step:
    """A command as a step keeps it. Raises ApiError 9015."""
    if command.attrs:
        return {"attrs": dict(command.attrs), "coding": command.coding}
    if command.raw:
        unwrapped(command.raw)
        return {"raw": command.raw.hex()}
    raise ApiError(9015, "give attrs or raw")
