/**
 * A product definition -> what the panel shows, and data point values -> text. Pure: no page, no network.
 *
 * The definition is the JSON of `GET /app/datapoint`. Our extension keys are optional: `name_en` beside the
 * product's `name`, `display_name_en`, `desc_en` and `enum_en` beside a point's, `unit` (text after a number). Values are those of
 * the WebSocket API: bool, enum text, number after ratio and addition, array of byte numbers.
 */

import { LANGUAGES } from "./i18n.js";

const SLIDER_STEPS_MAX = 1000; // beyond this a finger cannot hit one step; a number field alone is left
const SEGMENTS_MAX = 4; // more choices than this do not fit side by side on a 320 px screen
const SEGMENT_WIDTH_MAX = 24; // all texts of a segmented control together, as widthOf counts
const RAW_MAX = { uint8: 0xff, uint16: 0xffff, uint32: 0xffffffff };

/** The panel's model: {name, controls, readings, alarms}; each of the lists holds points in the product's order. */
export function panelOf(definition) {
  const attrs = (definition?.entities ?? []).flatMap((entity) => entity.attrs ?? []);
  const points = attrs.filter((attr) => typeof attr?.name === "string").map(pointOf);
  return {
    name: words(definition?.name, definition?.name_en),
    controls: points.filter((point) => point.role === "control"),
    readings: points.filter((point) => point.role === "reading"),
    alarms: points.filter((point) => point.role === "alert" || point.role === "fault"),
  };
}

/** The text of a pair {zh, en} in a language. */
export const inLanguage = (pair, language) => (language === "en" ? pair.en : pair.zh);

/** A value as a reader sees it; `t` is a translator. Never throws, whatever a device reports. */
export function textOf(point, value, language, t) {
  if (value === undefined || value === null) return "—";
  const format = (fitsType(point, value) && FORMATS[point.type]) || plain;
  const text = format(point, value, language, t);
  return point.unit ? `${text}${unitGap(point.unit)}${point.unit}` : text;
}

/** Whether two values of a point are the same to the device. */
export function sameValue(point, one, other) {
  if (one === undefined || other === undefined) return false;
  if (point.type === "bytes") return hexOf(one) === hexOf(other);
  if (point.type === "number") return Math.abs(Number(one) - Number(other)) < point.step / 2;
  if (point.type === "bool") return truth(one) === truth(other);
  return enumIndex(point, one) === enumIndex(point, other);
}

/** The nearest value that the point can hold. */
export function fit(point, number) {
  const steps = Math.round((Math.min(point.max, Math.max(point.min, number)) - point.min) / point.step);
  return round(point.min + steps * point.step, point.decimals);
}

/** Position of an enum value (text or index) in the point's choices; -1 when it is none of them. */
export function enumIndex(point, value) {
  if (Number.isInteger(value)) return value < point.choices.length ? value : -1;
  return point.choices.findIndex((choice) => choice.value === value);
}

/** "17 02 03" for [23, 2, 3] (or for the text "170203"). */
export function hexOf(bytes) {
  const digits = Array.isArray(bytes)
    ? bytes.map((byte) => Number(byte).toString(16).padStart(2, "0")).join("")
    : String(bytes);
  return (digits.toUpperCase().match(/.{1,2}/g) ?? []).join(" ");
}

/** Bytes of what a person typed, padded with zeros on the right to `length`; null when it is not that. */
export function bytesOf(text, length) {
  const digits = text.replace(/0x|[\s,:;-]/gi, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits) || digits.length > 2 * length) return null;
  const bytes = (digits.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
  return [...bytes, ...Array(length - bytes.length).fill(0)];
}

/** The width of a text in Latin letters; a Chinese character is as wide as two. */
export const widthOf = (text) => [...text].reduce((sum, char) => sum + (char.codePointAt(0) > 0x2e7f ? 2 : 1), 0);

/** Whether a reported bool (true, 1, "1") means on. */
export const truth = (value) => value === true || value === 1 || value === "1" || value === "true";

const ROLES = { status_writable: "control", status_readonly: "reading", alert: "alert", fault: "fault" };

const FORMATS = {
  bool: (point, value, language, t) =>
    t(point.role === "control" ? (truth(value) ? "on" : "off") : truth(value) ? "yes" : "no"),
  choice: (point, value, language) => {
    const choice = point.choices[enumIndex(point, value)];
    return choice ? inLanguage(choice.text, language) : String(value);
  },
  number: (point, value) =>
    Number.isFinite(Number(value)) ? Number(value).toFixed(point.decimals) : String(value),
  bytes: (point, value) => hexOf(value),
};

// Objects have no place in a report, and lists only as bytes.
const fitsType = (point, value) =>
  typeof value !== "object" || (point.type === "bytes" && Array.isArray(value) && value.every(Number.isInteger));

const plain = (point, value) => (typeof value === "string" ? value : JSON.stringify(value));

function pointOf(attr) {
  const point = {
    name: attr.name,
    role: ROLES[attr.type] ?? "reading",
    label: words(attr.display_name || attr.name, attr.display_name_en),
    hint: words(attr.desc, attr.desc_en, ""),
    unit: typeof attr.unit === "string" ? attr.unit : "",
  };
  const shape = SHAPES[attr.data_type] ?? unknownShape;
  return { ...point, ...shape(attr) };
}

const SHAPES = {
  bool: () => ({ type: "bool", control: "switch" }),
  enum: enumShape,
  uint8: numberShape,
  uint16: numberShape,
  uint32: numberShape,
  binary: (attr) => ({ type: "bytes", control: "bytes", length: Number(attr.position?.len ?? 0) }),
};

// A data type of a later protocol is shown as it comes and cannot be written.
const unknownShape = (attr) => ({ type: "unknown", role: ROLES[attr.type] === "control" ? "reading" : ROLES[attr.type] ?? "reading" });

function enumShape(attr) {
  const texts = (attr.enum ?? []).map(String);
  const choices = texts.map((value, index) => ({ value, text: words(value, attr.enum_en?.[index]) }));
  const fits = (language) => widthOf(choices.map((choice) => inLanguage(choice.text, language)).join("")) <= SEGMENT_WIDTH_MAX;
  const short = texts.length <= SEGMENTS_MAX && LANGUAGES.every(fits);
  return { type: "choice", control: short ? "segments" : "list", choices };
}

function numberShape(attr) {
  const spec = attr.uint_spec ?? {};
  const ratio = Number(spec.ratio ?? 1) || 1;
  const addition = Number(spec.addition ?? 0);
  const decimals = Math.max(decimalsOf(ratio), decimalsOf(addition));
  const ends = [spec.min ?? 0, spec.max ?? RAW_MAX[attr.data_type]].map((raw) => round(Number(raw) * ratio + addition, decimals));
  const [min, max] = [Math.min(...ends), Math.max(...ends)];
  const step = Math.abs(ratio);
  const control = (max - min) / step <= SLIDER_STEPS_MAX ? "slider" : "number";
  return { type: "number", control, min, max, step, decimals };
}

const words = (zh, en, otherwise = "") => ({ zh: String(zh || otherwise), en: String(en || zh || otherwise) });
const round = (number, decimals) => Number(number.toFixed(decimals));
const unitGap = (unit) => (/^[a-z]/i.test(unit) ? " " : "");

function decimalsOf(number) {
  const [digits, exponent = "0"] = String(number).split("e");
  const decimals = (digits.split(".")[1] ?? "").length - Number(exponent);
  return Math.min(10, Math.max(0, decimals));
}
