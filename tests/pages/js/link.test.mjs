import assert from "node:assert/strict";
import { test } from "node:test";

import { BACKOFF_MAX_MS, Link, OPEN_WITHIN_MS, PING_EVERY_MS, PONG_WITHIN_MS, READ_WITHIN_MS } from "../../../host/wxlink/pages/static/link.js";

const DID = "Kq7mT2xW9bRf4LsVn8Zc3d";
const SESSION = { appid: "a", uid: "u", token: "t" };
const FRESH = { appid: "a", uid: "u", token: "fresh" };

const text = (cmd, data) => JSON.stringify({ cmd, data });
const ok = text("login_res", { success: true });
const refusedLogin = text("login_res", { success: false, msg: "token invalid!" });
const invalid = (error_code) => text("s2c_invalid_msg", { error_code, msg: "" });

const does = (effects) => effects.map((effect) => effect.message?.cmd ?? effect.event?.kind ?? effect.do);

function live(now = 0) {
  const link = new Link({ did: DID, random: () => 0 });
  link.start(now, SESSION);
  link.opened(now);
  link.received(now, ok);
  return link;
}

test("log in first, then subscribe and read", () => {
  const link = new Link({ did: DID });
  assert.deepEqual(does(link.start(0, SESSION)), ["open"]);
  const [login] = link.opened(0);
  assert.deepEqual(login.message, {
    cmd: "login_req",
    data: { ...SESSION, p0_type: "attrs_v4", heartbeat_interval: 60, auto_subscribe: false },
  });
  const effects = link.received(0, ok);
  assert.deepEqual(does(effects), ["subscribe_req", "c2s_read", "live"]);
  assert.deepEqual(effects[0].message.data, [{ did: DID }]);
});

test("a refused log-in is tried once more with a fresh token, then with back-off", () => {
  const link = new Link({ did: DID, random: () => 0 });
  link.start(0, SESSION);
  link.opened(0);
  assert.deepEqual(does(link.received(0, refusedLogin)), ["fetch"]);
  const [again] = link.credentials(0, FRESH);
  assert.equal(again.message.data.token, "fresh");
  assert.deepEqual(does(link.received(0, refusedLogin)), ["close", "lost"]);
  assert.deepEqual(does(link.tick(link.deadline)), ["fetch"], "and that token is not shown again");
});

test("1009 and 1003 log in again on the same socket, but not for ever", () => {
  const link = live();
  for (const code of [1009, 1003, 1009]) {
    assert.deepEqual(does(link.received(0, invalid(code))), ["login_req"]);
    assert.equal(does(link.received(0, ok)).at(-1), "live");
  }
  assert.deepEqual(does(link.received(0, invalid(1009))), ["close", "lost"]);
});

test("1011 closes and comes back", () => {
  const link = live();
  assert.deepEqual(does(link.received(0, invalid(1011))), ["close", "lost"]);
  assert.deepEqual(does(link.tick(link.deadline)), ["open"]);
});

test("a ping every 25 s; silence after it ends the connection", () => {
  const link = live();
  link.received(1, text("s2c_noti", { did: DID, attrs: {} }));
  assert.equal(link.deadline, PING_EVERY_MS);
  assert.deepEqual(does(link.tick(PING_EVERY_MS)), ["ping"]);
  assert.equal(link.deadline, PING_EVERY_MS + PONG_WITHIN_MS);
  link.received(PING_EVERY_MS + 5, JSON.stringify({ cmd: "pong" }));
  assert.equal(link.deadline, 2 * PING_EVERY_MS);
  link.tick(2 * PING_EVERY_MS);
  assert.deepEqual(does(link.tick(2 * PING_EVERY_MS + PONG_WITHIN_MS)), ["close", "lost"]);
});

test("waits grow from 1 s to 30 s with chance in them, and start over after a log-in", () => {
  for (const [random, first, most] of [[() => 0, 500, BACKOFF_MAX_MS / 2], [() => 1, 1000, BACKOFF_MAX_MS]]) {
    const link = new Link({ did: DID, random });
    link.start(0, SESSION);
    const waits = [];
    for (let round = 0, now = 0; round < 8; round += 1) {
      link.closed(now);
      waits.push(link.deadline - now);
      now = link.deadline;
      assert.deepEqual(does(link.tick(now)), ["open"]);
    }
    assert.deepEqual(waits.slice(0, 3), [first, 2 * first, 4 * first]);
    assert.equal(waits.at(-1), most);
    link.opened(0);
    link.received(0, ok);
    link.closed(0);
    assert.equal(link.deadline, first);
  }
});

test("coming back to the front opens at once, or asks at once whether the socket still lives", () => {
  const link = live();
  assert.deepEqual(does(link.wake(10)), ["ping"]);
  link.closed(20);
  assert.deepEqual(does(link.wake(30)), ["open"]);
  assert.deepEqual(does(link.wake(40)), []);
});

test("a socket that does not open, or a log-in without an answer, is given up", () => {
  const link = new Link({ did: DID });
  link.start(0, SESSION);
  assert.deepEqual(does(link.tick(OPEN_WITHIN_MS)), ["close", "lost"]);
  link.tick(link.deadline);
  link.opened(link.deadline - 1);
  assert.deepEqual(does(link.tick(link.deadline)), ["close", "lost"]);
});

test("only this device is told of", () => {
  const link = live();
  assert.deepEqual(link.received(0, text("s2c_noti", { did: "other", attrs: { on: true } })), []);
  assert.deepEqual(link.received(0, text("s2c_online_status", { did: "other", online: false })), []);
  const [values] = link.received(0, text("s2c_noti", { did: DID, attrs: { on: true } }));
  assert.deepEqual(values.event, { kind: "values", attrs: { on: true } });
});

test("a device that comes on-line is read; one that does not answer the read is silent", () => {
  const link = live();
  link.received(0, text("s2c_noti", { did: DID, attrs: {} }));
  assert.deepEqual(does(link.received(10, text("s2c_online_status", { did: DID, online: true }))), ["online", "c2s_read"]);
  assert.equal(link.deadline, 10 + READ_WITHIN_MS);
  assert.deepEqual(does(link.tick(10 + READ_WITHIN_MS)), ["silent"]);
});

test("9042 means off-line, 9017 and an unbinding mean not ours, 9015 is about the device's own message", () => {
  const link = live();
  assert.deepEqual(does(link.received(0, invalid(9042))), ["refused", "online"]);
  assert.deepEqual(does(link.received(0, invalid(9017))), ["refused", "unbound"]);
  assert.deepEqual(does(link.received(0, text("s2c_binding_changed", { did: DID, bind: false }))), ["unbound"]);
  assert.deepEqual(does(link.received(0, text("subscribe_res", { success: [], failed: [{ did: DID }] }))), ["unbound"]);
  assert.deepEqual(link.received(0, invalid(9015)), []);
});

test("nothing is written before the log-in, and nothing after stop", () => {
  const link = new Link({ did: DID });
  link.start(0, SESSION);
  assert.deepEqual(link.write({ on: true }), []);
  link.opened(0);
  link.received(0, ok);
  assert.deepEqual(link.write({ on: true })[0].message, { cmd: "c2s_write", data: { did: DID, attrs: { on: true } } });
  assert.deepEqual(does(link.stop()), ["close"]);
  assert.deepEqual([link.write({}), link.closed(0), link.wake(0), link.tick(1e12), link.deadline], [[], [], [], [], Infinity]);
});

test("a server that says no to the page ends it; a network that is away is tried again", () => {
  const link = new Link({ did: DID, random: () => 0 });
  assert.deepEqual(does(link.start(0)), ["fetch"]);
  assert.deepEqual(does(link.fetchFailed(0, false)), ["close", "lost"]);
  assert.deepEqual(does(link.tick(link.deadline)), ["fetch"]);
  assert.deepEqual(does(link.fetchFailed(0, true)), ["close"]);
  assert.equal(link.deadline, Infinity);
});

test("what is no message of the API is ignored", () => {
  const link = live();
  for (const noise of ["", "{", "null", "[]", "5", '{"cmd":5}', '{"cmd":"toString"}', '{"cmd":"__proto__"}', '{"cmd":"s2c_noti"}', '{"cmd":"s2c_noti","data":5}']) {
    assert.deepEqual(link.received(0, noise), [], noise);
  }
  assert.equal(link.state, "live");
});
