/** The page of one device: its elements, built once a language, and `show(state)` that brings them up to date. */

import { inputFor } from "./controls.js";
import { el, say } from "./dom.js";
import { ago } from "./i18n.js";
import { inLanguage, textOf, truth, widthOf } from "./product.js";

const THIRD_WORD_MAX = 10; // a longer word of a label would be broken in a tile that is a third of a phone wide

/**
 * `panel` is the model of product.js; `act` = {write(name, value), refresh()}; `words` = {language, t}.
 * Returns {element, show}. `show` takes {title, link, online, silent, reading, ended, updatedAt, values, commandOf, now}.
 */
export function buildPanel(panel, act, words) {
  const { t } = words;
  const parts = [header(act, words), notice(words), alarmBanner(panel, words), tiles(panel, words), controls(panel, act, words), alarms(panel, words)];
  const points = panel.controls.length + panel.readings.length + panel.alarms.length;
  const empty = points ? [] : [el("p", { class: "empty" }, t("noPoints"))];
  return {
    element: el("div", { class: "panel" }, ...parts.flatMap((part) => (part ? [part.element] : [])), ...empty),
    show: (state) => parts.forEach((part) => part?.show(state)),
  };
}

function header(act, { language, t }) {
  const title = el("h1", {});
  const status = el("span", { class: "status" });
  const updated = el("span", { class: "updated" });
  const refresh = el("button", { type: "button", class: "icon refresh", "aria-label": t("refresh"), title: t("refresh") });
  refresh.addEventListener("click", () => act.refresh());
  const element = el("header", { class: "hero" }, el("div", { class: "hero-text" }, title, el("p", { class: "facts" }, status, updated)), refresh);
  const show = (state) => {
    say(title, state.title);
    say(status, state.ended ? "" : t(state.online ? "online" : "offline"));
    status.dataset.online = String(state.online);
    say(updated, ageText(state, language, t));
    refresh.disabled = !canControl(state);
    refresh.setAttribute("aria-busy", String(state.reading));
  };
  return { element, show };
}

function ageText({ updatedAt, now }, language, t) {
  if (!updatedAt) return t("neverUpdated");
  const when = ago(now / 1000 - updatedAt, language);
  return when ? t("updated", { when }) : t("updatedNow");
}

/** One sentence on what is wrong with the way to the device, the most important only. */
function notice({ t }) {
  const what = el("strong", {});
  const hint = el("span", {});
  const element = el("p", { class: "notice", role: "status" }, what, hint);
  const show = (state) => {
    const kind = noticeOf(state);
    element.dataset.kind = kind;
    say(what, state.ended && t(kind));
    say(hint, kind && t(state.ended ? `${kind}Hint` : kind));
  };
  return { element, show };
}

function noticeOf(state) {
  if (state.ended) return state.ended;
  if (state.link !== "live") return state.link;
  if (!state.online) return "offlineHint";
  return state.silent ? "silent" : "";
}

/** What the device complains about right now. */
function alarmBanner(panel, { language, t }) {
  if (!panel.alarms.length) return null;
  const list = el("p", {});
  const element = el("section", { class: "banner", role: "alert", hidden: true }, el("h2", {}, t("attention")), list);
  const show = ({ values }) => {
    const active = panel.alarms.filter((point) => truth(values[point.name]));
    const text = active.map((point) => inLanguage(point.label, language)).join(language === "en" ? ", " : "、");
    element.hidden = active.length === 0;
    if (list.textContent !== text) list.textContent = text;
  };
  return { element, show };
}

function tiles(panel, { language, t }) {
  if (!panel.readings.length) return null;
  const isWide = (point) => point.type === "bytes" || point.type === "unknown";
  const narrow = panel.readings.filter((point) => !isWide(point));
  const fits = (point) => inLanguage(point.label, language).split(/[\s-]/).every((word) => widthOf(word) <= THIRD_WORD_MAX);
  const columns = narrow.length % 3 === 0 && narrow.every(fits) ? 3 : 2;
  const rows = panel.readings.map((point) => {
    const value = el("span", { class: "tile-value" });
    const unit = el("span", { class: "tile-unit" }, point.unit);
    const term = el("dt", {}, inLanguage(point.label, language));
    const tile = el("div", { class: isWide(point) ? "tile wide" : "tile", "data-point": point.name }, term, el("dd", {}, value, unit));
    const show = ({ values }) => {
      say(value, textOf({ ...point, unit: "" }, values[point.name], language, t));
      unit.hidden = !point.unit || values[point.name] === undefined;
    };
    return { tile, show };
  });
  const element = section(t("readings"), "tiles-section", el("dl", { class: "tiles", "data-columns": columns }, ...rows.map(({ tile }) => tile)));
  const show = (state) => {
    element.classList.toggle("stale", !isFresh(state));
    rows.forEach((row) => row.show(state));
  };
  return { element, show };
}

function controls(panel, act, words) {
  if (!panel.controls.length) return null;
  const rows = panel.controls.map((point) => controlRow(point, act, words));
  const fieldset = el("fieldset", { class: "cells" }, el("legend", { class: "hidden" }, words.t("control")), ...rows.map(({ element }) => element));
  const element = section(words.t("control"), "controls", fieldset);
  const show = (state) => {
    fieldset.disabled = !canControl(state);
    rows.forEach((row) => row.show(state));
  };
  return { element, show };
}

function controlRow(point, act, { language, t }) {
  const id = `point-${point.name}`;
  const labelId = `${id}-label`;
  const name = inLanguage(point.label, language);
  const input = inputFor(point, { id, labelId, language, t, send: (value) => act.write(point.name, value) });
  const grouped = point.control === "segments";
  const label = el(grouped ? "span" : "label", { class: "label", id: labelId, for: grouped ? undefined : id }, name);
  const hint = inLanguage(point.hint, language);
  const mark = el("span", { class: "mark", "aria-hidden": "true" });
  const spoken = el("span", { class: "hidden", role: "status" });
  const failure = el("span", { role: "alert" });
  const retry = el("button", { type: "button", class: "link" }, t("retry"));
  const note = el("p", { class: "note", hidden: true }, failure, " ", retry);
  const head = el("div", { class: "row-head" }, label, mark, input.side);
  const element = el("div", { class: "row", "data-point": point.name }, head, hint ? el("p", { class: "hint" }, hint) : null, input.body, note, spoken);
  let wanted;
  retry.addEventListener("click", () => act.write(point.name, wanted));
  const show = ({ values, commandOf }) => {
    const command = commandOf(point.name);
    const phase = command?.phase ?? "idle";
    element.dataset.phase = phase;
    wanted = command?.value;
    if (!input.busy()) input.show(phase === "pending" ? wanted : values[point.name]);
    const failed = phase === "failed";
    note.hidden = !failed;
    say(failure, failed ? reasonOf(command, point, language, t) : "");
    const news = phase === "pending" || phase === "confirmed" ? t(phase, { name }) : "";
    if (spoken.textContent !== news) spoken.textContent = news;
  };
  return { element, show };
}

const reasonOf = (command, point, language, t) =>
  t(command.why, { code: command.code, actual: textOf(point, command.actual, language, t) });

function alarms(panel, { language, t }) {
  if (!panel.alarms.length) return null;
  const rows = panel.alarms.map((point) => {
    const value = el("span", { class: "alarm-state" });
    const row = el("li", { class: "alarm", "data-point": point.name }, el("span", {}, inLanguage(point.label, language)), value);
    const show = ({ values }) => {
      const reported = values[point.name];
      const active = truth(reported);
      row.dataset.active = String(active);
      say(value, t(reported === undefined ? "unknown" : active ? point.role : "normal"));
    };
    return { row, show };
  });
  const element = section(t("alerts"), "alarms", el("ul", { class: "cells" }, ...rows.map(({ row }) => row)));
  const show = (state) => {
    element.classList.toggle("stale", !isFresh(state));
    rows.forEach((row) => row.show(state));
  };
  return { element, show };
}

const section = (title, name, ...children) => el("section", { class: name }, el("h2", {}, title), ...children);
const canControl = (state) => state.link === "live" && state.online && !state.ended;
const isFresh = (state) => canControl(state) && !state.silent;
