"""Decides which rules fire, in the transaction that keeps what happened: the run is there when the report is.

- `data`: at a report that makes the condition true which was not at the last look; without a condition at
  every report that counts. The values of other devices are their latest; they alone do not set a rule going.
- `online`, `offline`: when the device comes or goes, not when it connects anew. `alert`, `fault`: when the
  data point of event_attr begins (value 1) or ends (value 0) one. The condition, if any, must be true then.

A rule that fires more than FIRINGS_MAX times in WINDOW_S is paused for PAUSE_S and its owner is told: two
rules that set each other going would do so for ever. A rule does not fire within its interval, nor when its
owner is not bound to every device that it uses, nor when RUNS_MAX runs of its owner are under way.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay import conditions
from wxlink.relay.conditions import Condition
from wxlink.relay.ids import new_event_id
from wxlink.relay.store.database import Database
from wxlink.relay.store.happenings import (
    Alerted,
    BindingEnded,
    Cleared,
    Connected,
    Disconnected,
    Happening,
    Reported,
)
from wxlink.relay.store.notifications import RULE_PAUSED, News, Notifications
from wxlink.relay.store.products import Products
from wxlink.relay.store.rules import Rule, Rules
from wxlink.relay.store.runs import FAILED, Cause, Progress, Runs, going
from wxlink.relay.store.schema import bindings, states
from wxproto.product import Product as Definition

log = logging.getLogger(__name__)

FIRINGS_MAX: Final = 20  # of one rule in WINDOW_S; a person who plays with a switch does not get there
WINDOW_S: Final = 60.0
PAUSE_S: Final = 600.0
RUNS_MAX: Final = 200  # of one user under way; rules with long delays would else pile them up
CONDITIONS_KEPT: Final = 5_000  # read conditions in memory, about 5 MB

DATA: Final = "data"
ONLINE: Final = "online"
OFFLINE: Final = "offline"
EVENTS: Final = (ONLINE, OFFLINE, "alert", "fault", DATA)

Moment: TypeAlias = Reported | Connected | Disconnected | Alerted | Cleared


class RuleWatch:
    """Follows what happens to devices and starts the runs of rules."""

    def __init__(
        self, database: Database, rules: Rules, runs: Runs, products: Products, notifications: Notifications
    ) -> None:
        self._rules = rules
        self._runs = runs
        self._products = products
        self._notifications = notifications
        self._conditions: dict[int, tuple[float, Condition | None]] = {}
        database.followers.add(self._follow)

    async def _follow(self, conn: AsyncConnection, happenings: Sequence[Happening]) -> None:
        moments: list[Moment] = []
        for one in happenings:
            if isinstance(one, BindingEnded):
                await self._rules.end_for(conn, one.uid, one.did)
            elif isinstance(one, Moment) and self._rules.concern(one.did):
                moments.append(one)
        if not moments:
            return
        waiting = await self._rules.waiting(conn, {one.did for one in moments})
        known = {rule.id: rule for rules in waiting.values() for rule in rules}
        after = dict(known)
        attrs = await _latest(conn, known.values())
        for one in moments:
            for rule in waiting.get(one.did, ()):
                if _concerns(rule, one):
                    after[rule.id] = await self._look(conn, after[rule.id], one, attrs)
        for number, rule in after.items():
            if rule != known[number]:
                await self._rules.note(conn, rule)

    async def _look(
        self, conn: AsyncConnection, rule: Rule, moment: Moment, attrs: Mapping[str, Mapping[str, Any]]
    ) -> Rule:
        """The rule after this moment, its runs started if it fires."""
        condition = await self._condition(rule)
        if condition is None:
            return rule
        values = {one["prefix"]: attrs.get(one["did"], {}) for one in rule.body["input"]}
        if isinstance(moment, Reported):
            latest = {**moment.before, **(moment.counts or {})}
            values |= {one["prefix"]: latest for one in rule.body["input"] if one["did"] == moment.did}
        holds = condition.holds(values)
        edge = not rule.held or rule.event != DATA or not condition.groups
        rule = replace(rule, held=holds)
        return await self._fire(conn, rule, moment.at) if holds and edge else rule

    async def _fire(self, conn: AsyncConnection, rule: Rule, at: float) -> Rule:
        if at < rule.paused_until or (rule.fired_at is not None and at - rule.fired_at < rule.interval_s):
            return rule
        cause = Cause(rule.uid, rule_id=rule.id)
        dids = rule.body["dids"]
        mine = select(func.count()).select_from(bindings)
        lasting = bindings.c.expires_at.is_(None) | (bindings.c.expires_at > at)
        mine = mine.where(bindings.c.uid == rule.uid, bindings.c.did.in_(dids), lasting)
        if (await conn.execute(mine)).scalar_one() < len(dids):
            refused = Progress(FAILED, 0, [{"did": rule.did, "code": 9017}])
            await self._runs.add(conn, cause, [], at, refused)
            return replace(rule, fired_at=at)
        fresh = not 0 <= at - rule.window_at < WINDOW_S
        count = 1 if fresh else rule.window_count + 1
        if count > FIRINGS_MAX or await going(conn, rule.uid) >= RUNS_MAX:
            news = News(RULE_PAUSED, rule.did, "", new_event_id(), rule.name, at)
            await self._notifications.tell(conn, rule.uid, news)
            return replace(rule, paused_until=at + PAUSE_S, window_count=0)
        for steps in rule.body["steps"]:
            await self._runs.add(conn, cause, steps, at)
        return replace(rule, fired_at=at, window_at=at if fresh else rule.window_at, window_count=count)

    async def _condition(self, rule: Rule) -> Condition | None:
        """The rule's condition; None when a product no longer has what it compares."""
        kept = self._conditions.get(rule.id)
        if kept is None or kept[0] != rule.changed_at:
            products: dict[str, Definition] = {}
            for one in rule.body["input"]:
                product = await self._products.get(one["product_key"])
                if product is not None:
                    products[one["prefix"]] = product.points
            if len(self._conditions) >= CONDITIONS_KEPT:
                self._conditions.clear()
            kept = rule.changed_at, _read(rule, products)
            self._conditions[rule.id] = kept
        return kept[1]


def _read(rule: Rule, products: Mapping[str, Definition]) -> Condition | None:
    try:
        return conditions.read(rule.body["condition"], products)
    except ValueError as error:
        # It must not undo the transaction: the device's report is kept all the same.
        log.warning("rule %d waits for nothing any more: %s", rule.id, error)
        return None


def _concerns(rule: Rule, moment: Moment) -> bool:
    """Whether this is what the rule waits for."""
    if isinstance(moment, (Alerted, Cleared)):
        wanted = rule.body["event_attr"]
        began = "1" if isinstance(moment, Alerted) else "0"
        return rule.event == moment.kind and (wanted["attr_name"], wanted["value"]) == (moment.point, began)
    if isinstance(moment, Connected):
        return rule.event == ONLINE and not moment.again
    if isinstance(moment, Disconnected):
        return rule.event == OFFLINE
    return rule.event == DATA and bool(moment.counts)


async def _latest(conn: AsyncConnection, rules: Iterable[Rule]) -> dict[str, Mapping[str, Any]]:
    """The latest values of every device whose values the rules use."""
    dids = {one["did"] for rule in rules for one in rule.body["input"]}
    if not dids:
        return {}
    query = select(states.c.did, states.c.attrs).where(states.c.did.in_(sorted(dids)))
    return {row.did: row.attrs for row in await conn.execute(query)}
