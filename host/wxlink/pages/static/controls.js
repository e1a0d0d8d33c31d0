/**
 * The inputs of writable data points. Each builder gets (point, context) and returns
 * {side, body, show(value), busy()}: `side` stands beside the label, `body` below it, either may be null.
 * context = {id, labelId, language, t, send(value)}.
 */

import { el } from "./dom.js";
import { bytesOf, enumIndex, fit, hexOf, inLanguage, textOf, truth } from "./product.js";

const KEYS_SETTLE_MS = 300; // arrow keys on a slider change it step by step; only where they stop is sent

/** The input for a point's `control`. */
export const inputFor = (point, context) => BUILDERS[point.control](point, context);

const BUILDERS = { switch: switchInput, segments: segmentsInput, list: listInput, slider: sliderInput, number: numberInput, bytes: bytesInput };
const idle = () => false;

function switchInput(point, { id, send }) {
  const box = el("input", { type: "checkbox", id, class: "switch", role: "switch" });
  box.addEventListener("change", () => send(box.checked));
  const show = (value) => {
    box.indeterminate = value === undefined;
    box.checked = truth(value);
  };
  return { side: box, body: null, show, busy: idle };
}

function segmentsInput(point, { id, labelId, language, send }) {
  const boxes = point.choices.map(({ value }, index) => {
    const box = el("input", { type: "radio", name: id, id: `${id}-${index}`, value });
    box.addEventListener("change", () => box.checked && send(value));
    return box;
  });
  const segments = boxes.map((box, index) =>
    el("label", { class: "segment" }, box, el("span", {}, inLanguage(point.choices[index].text, language))),
  );
  const body = el("div", { class: "segments", role: "radiogroup", "aria-labelledby": labelId }, ...segments);
  const show = (value) => {
    const chosen = enumIndex(point, value);
    boxes.forEach((box, index) => (box.checked = index === chosen));
  };
  return { side: null, body, show, busy: idle };
}

function listInput(point, { id, language, t, send }) {
  const unknown = el("option", { value: "", disabled: true, hidden: true }, t("unknown"));
  const options = point.choices.map(({ value, text }) => el("option", { value }, inLanguage(text, language)));
  const list = el("select", { id, class: "list" }, unknown, ...options);
  list.addEventListener("change", () => send(list.value));
  const show = (value) => (list.selectedIndex = enumIndex(point, value) + 1);
  return { side: list, body: null, show, busy: idle };
}

function sliderInput(point, context) {
  const { labelId, language, t, send } = context;
  const field = numberInput(point, context);
  const range = el("input", { type: "range", class: "slider", min: point.min, max: point.max, step: point.step, "aria-labelledby": labelId });
  let held = false; // a finger or key moves it: what the device reports must not pull it away
  let timer = 0;
  const placeOf = (value) => `${(100 * (value - point.min)) / (point.max - point.min || 1)}%`;
  const draw = (value) => {
    // Filled from zero, or from the end that is nearest to zero.
    const ends = [fit(point, 0), value ?? fit(point, 0)].sort((one, other) => one - other);
    range.style.setProperty("--from", placeOf(ends[0]));
    range.style.setProperty("--to", placeOf(ends[1]));
    range.setAttribute("aria-valuetext", textOf(point, value, language, t));
  };
  range.addEventListener("input", () => {
    held = true;
    draw(fit(point, range.valueAsNumber));
    field.show(fit(point, range.valueAsNumber));
  });
  range.addEventListener("change", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      held = false;
      send(fit(point, range.valueAsNumber));
    }, KEYS_SETTLE_MS);
  });
  const ends = el("div", { class: "ends", "aria-hidden": "true" }, ...[point.min, point.max].map((end) => el("span", {}, textOf(point, end, language, t))));
  const show = (value) => {
    range.value = value ?? point.min;
    draw(value);
    field.show(value);
  };
  return { side: field.side, body: el("div", {}, range, ends), show, busy: () => held || field.busy() };
}

function numberInput(point, { id, send }) {
  // Keyboards of phones for decimals have no minus sign.
  const inputMode = point.min < 0 ? "text" : "decimal";
  const field = el("input", { type: "number", id, class: "number", inputMode, min: point.min, max: point.max, step: point.step });
  field.style.setProperty("--digits", String(Math.max(...[point.min, point.max].map((end) => end.toFixed(point.decimals).length))));
  let shown = "";
  const show = (value) => (shown = field.value = Number.isFinite(Number(value ?? NaN)) ? Number(value).toFixed(point.decimals) : "");
  field.addEventListener("change", () => {
    if (!Number.isFinite(field.valueAsNumber)) return show(shown === "" ? undefined : shown);
    const value = fit(point, field.valueAsNumber);
    show(value);
    send(value);
  });
  field.addEventListener("keydown", (event) => event.key === "Enter" && field.blur());
  const unit = point.unit ? el("span", { class: "unit", "aria-hidden": "true" }, point.unit) : null;
  const busy = () => document.activeElement === field && field.value !== shown;
  return { side: el("span", { class: "figure" }, field, ...(unit ? [unit] : [])), body: null, show, busy };
}

function bytesInput(point, { id, t, send }) {
  const wrong = el("p", { class: "wrong", id: `${id}-wrong`, hidden: true });
  const field = el("input", {
    type: "text", id, class: "bytes", autocomplete: "off", autocapitalize: "characters", spellcheck: false,
    maxLength: 3 * point.length + 16, placeholder: t("bytesHint", { count: point.length }), "aria-describedby": `${id}-wrong`,
  });
  let shown = "";
  const form = el("form", { class: "bytes-form" }, field, el("button", { class: "button small" }, t("send")));
  const complain = (text) => {
    wrong.textContent = text;
    wrong.hidden = text === "";
    field.setAttribute("aria-invalid", String(text !== ""));
  };
  field.addEventListener("input", () => complain(""));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const bytes = bytesOf(field.value, point.length);
    if (!bytes) return complain(t("bytesWrong", { count: point.length }));
    complain("");
    field.value = shown = hexOf(bytes);
    send(bytes);
  });
  const show = (value) => (field.value = shown = value === undefined ? "" : hexOf(value));
  return { side: null, body: el("div", {}, form, wrong), show, busy: () => field.value !== shown };
}
