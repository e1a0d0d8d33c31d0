import assert from "node:assert/strict";
import { test } from "node:test";

import { Commands, CONFIRM_WITHIN_MS, SHOW_CONFIRMED_MS } from "../../../host/wxlink/pages/static/commands.js";

const fresh = () => new Commands((name, one, other) => one === other);

test("a command is pending until a report shows the wanted value, then confirmed for a moment", () => {
  const commands = fresh();
  commands.sent("on", true, 0, false);
  assert.equal(commands.of("on").phase, "pending");
  commands.reported({ other: 1 }, 10);
  commands.reported({ on: false }, 20);
  assert.equal(commands.of("on").phase, "pending");
  commands.reported({ on: true }, 30);
  assert.equal(commands.of("on").phase, "confirmed");
  assert.equal(commands.deadline, 30 + SHOW_CONFIRMED_MS);
  assert.ok(commands.expire(commands.deadline));
  assert.equal(commands.of("on"), undefined);
});

test("without a report it fails after the time-out", () => {
  const commands = fresh();
  commands.sent("on", true, 0, false);
  assert.ok(!commands.expire(CONFIRM_WITHIN_MS - 1));
  assert.ok(commands.expire(CONFIRM_WITHIN_MS));
  assert.deepEqual([commands.of("on").phase, commands.of("on").why], ["failed", "timeout"]);
  assert.equal(commands.deadline, Infinity);
});

test("a device that went elsewhere is told apart from one that did nothing", () => {
  const commands = fresh();
  commands.sent("speed", 5, 0, 1);
  commands.reported({ speed: 1 }, 10);
  commands.reported({ speed: 3 }, 20);
  commands.expire(CONFIRM_WITHIN_MS);
  assert.deepEqual([commands.of("speed").why, commands.of("speed").actual], ["differs", 3]);
});

test("a late report still confirms, as the value is there", () => {
  const commands = fresh();
  commands.sent("on", true, 0, false);
  commands.expire(CONFIRM_WITHIN_MS);
  commands.reported({ on: true }, CONFIRM_WITHIN_MS + 1000);
  assert.equal(commands.of("on").phase, "confirmed");
});

test("a refusal fails whatever waits, with its reason, and leaves the rest alone", () => {
  const commands = fresh();
  commands.sent("done", 1, 0, 0);
  commands.reported({ done: 1 }, 1);
  commands.sent("on", true, 2, false);
  commands.refused(9042);
  assert.equal(commands.of("done").phase, "confirmed");
  assert.equal(commands.of("on").why, "refusedOffline");
  commands.sent("on", true, 3, false);
  commands.refused(9999);
  assert.deepEqual([commands.of("on").why, commands.of("on").code], ["refused", 9999]);
});

test("a new command takes the place of the one before", () => {
  const commands = fresh();
  commands.sent("speed", 2, 0, 1);
  commands.sent("speed", 3, 1000, 1);
  commands.reported({ speed: 2 }, 1100);
  assert.equal(commands.of("speed").phase, "pending");
  assert.ok(!commands.expire(CONFIRM_WITHIN_MS));
  commands.reported({ speed: 3 }, CONFIRM_WITHIN_MS + 10);
  assert.equal(commands.of("speed").phase, "confirmed");
});
