/**
 * What became of each command: pending until a report shows the wanted value, failed by a refusal or a time-out.
 * Pure: time in milliseconds is an argument. One entry a data point: a new command replaces the one before.
 */

export const CONFIRM_WITHIN_MS = 8000; // the broker repeats an unacknowledged command after 5 s; then it still has 3 s
export const SHOW_CONFIRMED_MS = 1600; // how long the tick stays

const REFUSALS = {
  // code of s2c_invalid_msg: why, as a key of i18n.js
  9014: "refusedUnbound",
  9017: "refusedUnbound",
  9021: "refusedBroker",
  9023: "refusedDisabled",
  9025: "refusedValue",
  9041: "refusedBusy",
  9042: "refusedOffline",
};

export class Commands {
  #entries = new Map();
  #same;

  /** `same(name, one, other)` says whether two values of a data point are equal. */
  constructor(same) {
    this.#same = same;
  }

  /** {phase: "pending" | "confirmed" | "failed", value, why, code, actual} of a data point, or undefined. */
  of(name) {
    return this.#entries.get(name);
  }

  /** A command went out; `before` is what the device had reported until then. */
  sent(name, value, now, before) {
    this.#entries.set(name, { phase: "pending", value, before, until: now + CONFIRM_WITHIN_MS });
  }

  /** A report came in. A command that had been given up for lost is confirmed by a late report too. */
  reported(attrs, now) {
    for (const [name, entry] of this.#entries) {
      if (!(name in attrs) || entry.phase === "confirmed") continue;
      if (this.#same(name, attrs[name], entry.value)) {
        this.#entries.set(name, { ...entry, phase: "confirmed", until: now + SHOW_CONFIRMED_MS });
      } else if (entry.phase === "pending" && !this.#same(name, attrs[name], entry.before)) {
        entry.actual = attrs[name]; // it moved, but not to where it should
      }
    }
  }

  /** The platform refused a message. It does not say which, so whatever waits has failed. */
  refused(code) {
    for (const [name, entry] of this.#entries) {
      if (entry.phase === "pending") this.#fail(name, entry, REFUSALS[code] ?? "refused", code);
    }
  }

  /** Lets time pass; true when something changed. */
  expire(now) {
    let changed = false;
    for (const [name, entry] of this.#entries) {
      if (entry.until > now) continue;
      changed = true;
      if (entry.phase === "confirmed") this.#entries.delete(name);
      else this.#fail(name, entry, entry.actual === undefined ? "timeout" : "differs");
    }
    return changed;
  }

  /** When `expire` has something to do next; Infinity when nothing waits. */
  get deadline() {
    return Math.min(Infinity, ...[...this.#entries.values()].map((entry) => entry.until));
  }

  #fail(name, entry, why, code) {
    this.#entries.set(name, { ...entry, phase: "failed", why, code, until: Infinity });
  }
}
