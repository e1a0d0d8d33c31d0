"""Rules: what one device does sets going what others do."""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, to_builtins

from wxlink.relay.conditions import GROUPS_MAX
from wxlink.relay.errors import ApiError
from wxlink.relay.rest import Page, Route, UserCall
from wxlink.relay.rest.words import Attrs, Raw, octets
from wxlink.relay.service.linkage import (
    ACTIONS_MAX,
    INPUTS_MAX,
    INTERVAL_MAX_S,
    OUTPUTS_MAX,
    Input,
    RuleForm,
)
from wxlink.relay.service.steps import DELAY_MAX_S, Command, Task
from wxlink.relay.store.rules import Rule
from wxlink.relay.values import HEX

Operand = str | int | float | bool


class Comparison(Struct):
    """One side of the two is a data point, `prefix.name`; the other one, too, or a constant."""

    left: Operand
    opt: Literal["==", "!=", ">", ">=", "<", "<="]
    right: Operand


class RuleInput(Struct, kw_only=True):
    """A device whose data points the condition uses, and the prefix that names it there."""

    did: str
    prefix: str
    product_key: str | None = None


class RuleOutput(Struct, kw_only=True, omit_defaults=True):
    """`devctrl` needs did and attrs or raw, `delay` needs delay, in seconds."""

    type: Literal["devctrl", "delay"]
    did: str | None = None
    attrs: Attrs | None = None
    raw: Raw | None = None
    binary_coding: str | None = None
    delay: Annotated[int, Meta(ge=0, le=DELAY_MAX_S)] | None = None


class EventAttr(Struct):
    """The data point of an alert or fault; value 1: when it begins, 0: when it ends."""

    attr_name: str
    value: str | int


class RuleBody(Struct, kw_only=True):
    """A rule. event: online, offline, alert, fault or data (as if it were missing).

    With `data` it fires when a report of the device makes the condition true; without a condition at every
    report. condition: groups, of which one must be true, of comparisons that must all be. output: groups that
    are done side by side; in a group one after another, up to a failure. interval: seconds between firings.
    """

    did: str
    output: Annotated[
        list[Annotated[list[RuleOutput], Meta(min_length=1, max_length=ACTIONS_MAX)]],
        Meta(min_length=1, max_length=OUTPUTS_MAX),
    ]
    product_key: str | None = None
    name: str | None = None
    remark: str | None = None
    interval: Annotated[int, Meta(ge=0, le=int(INTERVAL_MAX_S))] | None = None
    event: str | None = None
    event_attr: EventAttr | None = None
    input: Annotated[list[RuleInput], Meta(max_length=INPUTS_MAX)] | None = None
    condition: (
        Annotated[
            list[Annotated[list[Comparison], Meta(min_length=1, max_length=GROUPS_MAX)]],
            Meta(max_length=GROUPS_MAX),
        ]
        | None
    ) = None


class RuleId(Struct):
    """A rule."""

    rule_id: int


class RuleEntry(Struct, kw_only=True):
    """A rule as it was written."""

    rule_id: int
    name: str
    remark: str
    did: str
    product_key: str
    interval: int
    event: str
    event_attr: dict[str, str]
    input: list[dict[str, str]]
    condition: list[Any]
    output: list[Any]


class RuleList(Struct):
    """Rules, oldest first."""

    rules: list[RuleEntry]


class Products(Struct, kw_only=True):
    """Product keys with commas between; without any, those of the user's devices."""

    product_key: str = ""


class Param(Struct, kw_only=True):
    """A data point that a condition may use. type: int, bool, enum or binary."""

    name: str
    display_name: str
    type: Literal["int", "bool", "enum", "binary"]
    enum: list[str]


async def list_rules(call: UserCall, query: Page) -> RuleList:
    """GET /app/rules: the user's rules."""
    return RuleList([_entry(rule) for rule in await call.service.rules(call.uid, query.limit, query.skip)])


async def add_rule(call: UserCall, body: RuleBody) -> RuleId:
    """POST /app/rules: the user must have every device that the rule uses, also when it fires."""
    return RuleId(await call.service.add_rule(call.uid, _form(body)))


async def change_rule(call: UserCall, body: RuleBody) -> RuleId:
    """PUT /app/rules/{rule_id}: write a rule anew."""
    number = _number(call)
    await call.service.change_rule(call.uid, number, _form(body))
    return RuleId(number)


async def remove_rule(call: UserCall) -> RuleId:
    """DELETE /app/rules/{rule_id}"""
    number = _number(call)
    await call.service.remove_rule(call.uid, number)
    return RuleId(number)


async def list_params(call: UserCall, query: Products) -> dict[str, list[Param]]:
    """GET /app/rules/params: the data points of products, by product key; unknown keys are left out."""
    keys = [key for key in query.product_key.split(",") if key]
    found = await call.service.rule_params(call.uid, keys)
    return {key: [Param(**one) for one in params] for key, params in found.items()}


def _number(call: UserCall) -> int:
    text = call.segment("rule_id")
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise ApiError(9015, "the id of a rule is a number")
    return int(text)


def _form(body: RuleBody) -> RuleForm:
    return RuleForm(
        did=body.did,
        product_key=body.product_key,
        event=body.event or "",
        name=body.name or "",
        remark=body.remark or "",
        interval_s=float(body.interval or 0),
        event_attr=None if body.event_attr is None else to_builtins(body.event_attr),
        inputs=[Input(one.prefix, one.did) for one in body.input or ()],
        condition=to_builtins(body.condition or []),
        outputs=[[(_task(one), to_builtins(one)) for one in group] for group in body.output],
    )


def _task(output: RuleOutput) -> Task:
    if output.type == "delay":
        return Task(delay_s=output.delay)
    if not output.did:
        raise ApiError(9015, "an output of type devctrl needs did")
    coding = output.binary_coding or HEX
    raw = None if output.raw is None or output.attrs else octets(output.raw, coding)
    return Task(output.did, command=Command(output.attrs, raw, coding))


def _entry(rule: Rule) -> RuleEntry:
    return RuleEntry(
        rule_id=rule.id,
        name=rule.name,
        remark=rule.remark,
        did=rule.did,
        product_key=rule.body["product_key"],
        interval=int(rule.interval_s),
        event=rule.event,
        event_attr=rule.body["event_attr"],
        input=rule.body["input"],
        condition=rule.body["condition"],
        output=rule.body["output"],
    )


_WRITING: Final = (9002, 9014, 9017, 9025, 9036)

ROUTES: Final = (
    Route("GET", "/app/rules", list_rules),
    Route("POST", "/app/rules", add_rule, (201,), (*_WRITING, 9041)),
    Route("GET", "/app/rules/params", list_params),
    Route("PUT", "/app/rules/{rule_id}", change_rule, errors=_WRITING),
    Route("DELETE", "/app/rules/{rule_id}", remove_rule, errors=(9015,)),
)
