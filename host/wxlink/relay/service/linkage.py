"""Rules: what one device does sets going what others do."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wxlink.relay import conditions
from wxlink.relay.errors import ApiError
from wxlink.relay.service.core import Owned, check_text
from wxlink.relay.service.steps import REMARK_MAX, TEXT_MAX, Steps, Task
from wxlink.relay.store.rule_watch import DATA, EVENTS
from wxlink.relay.store.rules import Rule
from wxproto.product import ALERT, FAULT, Product

RULES_MAX: Final = 100  # of one user
INPUTS_MAX: Final = 10  # devices whose values one rule uses
OUTPUTS_MAX: Final = 10  # groups of outputs of one rule
ACTIONS_MAX: Final = 20  # outputs of one group
INTERVAL_MAX_S: Final = 86_400.0
NUMBER_MAX: Final = 2**31 - 1  # the largest that the column holds
BEGINS: Final = "1"
ENDS: Final = "0"

_PREFIX: Final = re.compile(r"[A-Za-z_]\w{0,31}", re.ASCII)
_KINDS: Final = {"bool": "bool", "enum": "enum", "binary": "binary"}


@dataclass(frozen=True, slots=True)
class Input:
    """A device whose values a rule uses, and the prefix that names it."""

    prefix: str
    did: str


@dataclass(frozen=True, slots=True)
class RuleForm:
    """What a client says of a rule. event_attr: `attr_name` and `value` of an alert or fault.

    outputs: groups of tasks with, beside each, what the client wrote.
    """

    did: str
    event: str
    product_key: str | None = None
    name: str = ""
    remark: str = ""
    interval_s: float = 0.0
    event_attr: Mapping[str, Any] | None = None
    inputs: Sequence[Input] = ()
    condition: Sequence[Any] = ()
    outputs: Sequence[Sequence[tuple[Task, Mapping[str, Any]]]] = ()


class Linkage(Steps):
    """Use cases of rules. `change_rule` and `remove_rule` raise ApiError 9015 without such a rule."""

    async def rules(self, uid: str, limit: int, skip: int = 0) -> list[Rule]:
        """The user's rules, oldest first."""
        return await self.store.rules.of_user(uid, limit, skip)

    async def add_rule(self, uid: str, form: RuleForm) -> int:
        """Keep a new rule; its number.

        Raises ApiError: 9014, 9017 for a device that the user does not have, 9025 naming the data point that
        does not fit, 9036 for an unknown event, 9015 for anything else, 9041 when the user has RULES_MAX.
        """
        if await self.store.rules.count(uid) >= RULES_MAX:
            raise ApiError(9041, f"a user has at most {RULES_MAX} rules")
        return await self.store.rules.add(await self._rule(uid, 0, form))

    async def change_rule(self, uid: str, number: int, form: RuleForm) -> None:
        """Write a rule anew. Raises ApiError as `add_rule`."""
        await self._own_rule(uid, number)
        await self.store.rules.change(await self._rule(uid, number, form))

    async def remove_rule(self, uid: str, number: int) -> None:
        """Forget a rule; its runs end."""
        await self._own_rule(uid, number)
        await self.store.rules.remove(number)

    async def rule_params(self, uid: str, product_keys: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The data points of these products, unknown ones left out; of the user's devices without any."""
        if not product_keys:
            bound = await self.store.bindings.of_user(uid)
            product_keys = sorted({one.device.product_key for one in bound})
        found = {key: await self.store.products.get(key) for key in product_keys[:INPUTS_MAX]}
        return {key: _params(product.points) for key, product in found.items() if product is not None}

    async def _own_rule(self, uid: str, number: int) -> Rule:
        rule = await self.store.rules.get(number) if 0 < number <= NUMBER_MAX else None
        if rule is None or rule.uid != uid:
            raise ApiError(9015, f"you have no rule {number}")
        return rule

    async def _rule(self, uid: str, number: int, form: RuleForm) -> Rule:
        check_text("name", form.name, TEXT_MAX)
        check_text("remark", form.remark, REMARK_MAX)
        if not 0 <= form.interval_s <= INTERVAL_MAX_S:
            raise ApiError(9015, f"interval is 0 to {INTERVAL_MAX_S:g} seconds")
        main = await self.device(uid, form.did)
        if form.product_key not in (None, "", main.product.product_key):
            raise ApiError(9002, f"{form.did} is of another product")
        event = form.event or DATA
        inputs = await self._inputs(uid, form.inputs)
        try:
            conditions.read(form.condition, {name: owned.product.points for name, owned in inputs.items()})
        except ValueError as error:
            raise ApiError(9015, str(error)) from error
        if not 0 < len(form.outputs) <= OUTPUTS_MAX:
            raise ApiError(9015, f"output has 1 to {OUTPUTS_MAX} groups")
        if not all(0 < len(group) <= ACTIONS_MAX for group in form.outputs):
            raise ApiError(9015, f"a group of output has 1 to {ACTIONS_MAX} entries")
        steps = [await self.steps(uid, [task for task, _ in group]) for group in form.outputs]
        used = {step["did"] for group in steps for step in group if "did" in step}
        body = {
            "product_key": main.product.product_key,
            "event_attr": _event_attr(event, main, form.event_attr),
            "input": [
                {"prefix": prefix, "did": owned.device.did, "product_key": owned.product.product_key}
                for prefix, owned in inputs.items()
            ],
            "condition": form.condition,
            "output": [[written for _, written in group] for group in form.outputs],
            "steps": steps,
            "dids": sorted(used | {form.did} | {owned.device.did for owned in inputs.values()}),
        }
        return Rule(number, uid, form.did, form.name, form.remark, event, body, form.interval_s, self.clock())

    async def _inputs(self, uid: str, given: Sequence[Input]) -> dict[str, Owned]:
        if len(given) > INPUTS_MAX:
            raise ApiError(9015, f"input names at most {INPUTS_MAX} devices")
        if len({one.prefix for one in given}) < len(given):
            raise ApiError(9015, "each prefix of input is another")
        if not all(_PREFIX.fullmatch(one.prefix) for one in given):
            raise ApiError(9015, "a prefix is a name like device1")
        return {one.prefix: await self.device(uid, one.did) for one in given}


def _event_attr(event: str, main: Owned, given: Mapping[str, Any] | None) -> dict[str, str]:
    """The alert or fault that a rule waits for, empty for other events. Raises ApiError."""
    if event not in EVENTS:
        raise ApiError(9036, f"event is one of {', '.join(EVENTS)}")
    if event not in (ALERT, FAULT):
        return {}
    name, value = (str((given or {}).get(key, "")) for key in ("attr_name", "value"))
    point = main.product.alarms.get(name)
    if point is None or point.kind != event:
        raise ApiError(9025, f"event_attr: the product has no {event} {name!r:.40}")
    if value not in (BEGINS, ENDS):
        raise ApiError(9015, f"event_attr: value is {BEGINS} (it begins) or {ENDS} (it ends)")
    return {"attr_name": name, "value": value}


def _params(product: Product) -> list[dict[str, Any]]:
    return [
        {
            "name": point.name,
            "display_name": point.display_name,
            "type": _KINDS.get(point.data_type, "int"),
            "enum": list(point.values),
        }
        for point in product.points
    ]
