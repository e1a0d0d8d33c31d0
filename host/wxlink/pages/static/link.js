/**
 * The page's connection to `/ws/app/v1` as a state machine without I/O: what happened goes in, what to do comes out.
 *
 *   waiting -> opening -> login -> live
 *      ^          |         |       |        (closed, silent for too long)
 *      +----------+---------+-------+
 *
 * Time in milliseconds is an argument; `deadline` says when `tick` is due. Every method returns a list of effects:
 *   {do: "open"} {do: "close"} {do: "send", message} {do: "fetch"} {do: "tell", event}
 * `fetch` asks for a fresh token; the answer comes back through `credentials` or `fetchFailed`.
 */

export const PING_EVERY_MS = 25_000; // WeChat's webview and mobile networks drop a socket that is silent for 30 s
export const PONG_WITHIN_MS = 10_000;
export const OPEN_WITHIN_MS = 10_000; // for the socket, and again for the log-in
export const READ_WITHIN_MS = 8_000; // how long the device may take to answer the first read
export const BACKOFF_FIRST_MS = 1_000;
export const BACKOFF_MAX_MS = 30_000;
const RELOGINS_MAX = 3; // between two pings: a server that keeps forgetting us is left alone for a while
const HEARTBEAT_INTERVAL_S = 60; // announced to the server: more than two of our pings

const SESSION_GONE = 1009;
const NOT_LOGGED_IN = 1003;
const NO_HEARTBEAT = 1011;
const OFFLINE = 9042;
const UNREADABLE = 9015; // what a device reported does not fit its product: no answer to anything we sent
const NOT_OURS = new Set([9014, 9017]);

export class Link {
  state = "waiting";
  #did;
  #random;
  #session = null; // {appid, uid, token}
  #fresh = false; // whether the token was fetched for this very log-in
  #failures = 0;
  #relogins = 0;
  #due = Infinity; // of the state: reopen, give up opening, or ping
  #pongDue = Infinity;
  #readDue = Infinity;

  constructor({ did, random = Math.random }) {
    this.#did = did;
    this.#random = random;
  }

  get deadline() {
    return Math.min(this.#due, this.#pongDue, this.#readDue);
  }

  /** Begin: with a session {appid, uid, token} if the page has one, else it is fetched. */
  start(now, session = null) {
    this.#session = session;
    return this.#open(now);
  }

  /** The page came to the front or the network came back: do not wait for any timer. */
  wake(now) {
    if (this.state === "waiting") return this.#open(now);
    if (this.state !== "live") return [];
    return this.#ping(now);
  }

  /** Close for good. */
  stop() {
    this.#enter("ended", Infinity);
    return [{ do: "close" }];
  }

  /** The token that `fetch` asked for. */
  credentials(now, session) {
    this.#session = session;
    this.#fresh = true;
    if (this.state === "login") return this.#login(now);
    return this.state === "waiting" ? this.#open(now) : [];
  }

  /** No token: `final` when the server says no (signed out, not our device), else the network is to blame. */
  fetchFailed(now, final) {
    if (this.state === "ended") return [];
    if (final) return this.stop();
    return [{ do: "close" }, ...this.#wait(now)];
  }

  opened(now) {
    return this.state === "opening" ? this.#login(now) : [];
  }

  closed(now) {
    return this.state === "ended" || this.state === "waiting" ? [] : this.#wait(now);
  }

  /** A text frame. What is not a message of the API is ignored. */
  received(now, text) {
    if (this.state !== "login" && this.state !== "live") return [];
    this.#pongDue = Infinity;
    const message = parse(text);
    const handle = Link.#messages.get(message?.cmd);
    return handle ? handle(this, now, message.data ?? {}) : [];
  }

  tick(now) {
    if (now >= this.#pongDue) return [{ do: "close" }, ...this.#wait(now)];
    if (now >= this.#readDue) {
      this.#readDue = Infinity;
      return [tell("silent")];
    }
    if (now < this.#due) return [];
    if (this.state === "waiting") return this.#open(now);
    if (this.state === "live") return this.#ping(now);
    return [{ do: "close" }, ...this.#wait(now)];
  }

  /** Ask the device for all its values. */
  read(now) {
    if (this.state !== "live") return [];
    this.#readDue = now + READ_WITHIN_MS;
    return [send("c2s_read", { did: this.#did })];
  }

  /** Send new values of data points; nothing when not live, because the platform queues no command. */
  write(attrs) {
    return this.state === "live" ? [send("c2s_write", { did: this.#did, attrs })] : [];
  }

  #enter(state, due) {
    this.state = state;
    this.#due = due;
    this.#pongDue = this.#readDue = Infinity;
  }

  #open(now) {
    if (!this.#session) {
      this.#enter("waiting", now + OPEN_WITHIN_MS);
      return [{ do: "fetch" }];
    }
    this.#enter("opening", now + OPEN_WITHIN_MS);
    return [{ do: "open" }];
  }

  #login(now) {
    this.#enter("login", now + OPEN_WITHIN_MS);
    const request = { ...this.#session, p0_type: "attrs_v4", heartbeat_interval: HEARTBEAT_INTERVAL_S, auto_subscribe: false };
    return [send("login_req", request)];
  }

  #loggedIn(now, { success }) {
    if (this.state !== "login") return [];
    if (!success) return this.#loginRefused(now);
    this.#enter("live", now + PING_EVERY_MS);
    this.#failures = 0;
    this.#fresh = false;
    return [send("subscribe_req", [{ did: this.#did }]), ...this.read(now), tell("live")];
  }

  #loginRefused(now) {
    if (this.#fresh) {
      this.#session = null;
      this.#fresh = false;
      return [{ do: "close" }, ...this.#wait(now)];
    }
    this.#due = now + OPEN_WITHIN_MS;
    return [{ do: "fetch" }];
  }

  #logInAgain(now) {
    this.#relogins += 1;
    if (this.state === "login") return this.#loginRefused(now);
    if (this.#relogins <= RELOGINS_MAX) return this.#login(now);
    return [{ do: "close" }, ...this.#wait(now)];
  }

  #subscribed({ failed = [] }) {
    return failed.some((entry) => entry.did === this.#did) ? [tell("unbound")] : [];
  }

  #noti({ did, attrs }) {
    if (did !== this.#did || !attrs) return [];
    this.#readDue = Infinity;
    return [tell("values", { attrs })];
  }

  #online(now, { did, online }) {
    if (did !== this.#did) return [];
    // A device that has just come up has not reported since: ask it.
    return [tell("online", { online: Boolean(online) }), ...(online ? this.read(now) : [])];
  }

  #binding({ did, bind }) {
    return did === this.#did && !bind ? [tell("unbound")] : [];
  }

  #invalid(now, { error_code: code }) {
    if (code === SESSION_GONE || code === NOT_LOGGED_IN) return this.#logInAgain(now);
    if (code === NO_HEARTBEAT) return [{ do: "close" }, ...this.#wait(now)];
    if (code === OFFLINE || NOT_OURS.has(code)) this.#readDue = Infinity;
    if (code === UNREADABLE) return [];
    const refused = tell("refused", { code });
    if (code === OFFLINE) return [refused, tell("online", { online: false })];
    return NOT_OURS.has(code) ? [refused, tell("unbound")] : [refused];
  }

  #ping(now) {
    this.#relogins = 0;
    this.#due = now + PING_EVERY_MS;
    this.#pongDue = Math.min(this.#pongDue, now + PONG_WITHIN_MS);
    return [{ do: "send", message: { cmd: "ping" } }];
  }

  /** Back off: 1, 2, 4 ... 30 s, of which the upper half is chance, so that pages do not come back in step. */
  #wait(now) {
    const longest = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#enter("waiting", now + (longest / 2) * (1 + this.#random()));
    return [tell("lost")];
  }

  static #messages = new Map([
    ["login_res", (link, now, data) => link.#loggedIn(now, data)],
    ["subscribe_res", (link, now, data) => link.#subscribed(data)],
    ["s2c_noti", (link, now, data) => link.#noti(data)],
    ["s2c_online_status", (link, now, data) => link.#online(now, data)],
    ["s2c_binding_changed", (link, now, data) => link.#binding(data)],
    ["s2c_invalid_msg", (link, now, data) => link.#invalid(now, data)],
  ]);
}

const send = (cmd, data) => ({ do: "send", message: { cmd, data } });
const tell = (kind, more = {}) => ({ do: "tell", event: { kind, ...more } });

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
