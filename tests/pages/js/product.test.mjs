import assert from "node:assert/strict";
import { test } from "node:test";

import { translator } from "../../../host/wxlink/pages/static/i18n.js";
import { bytesOf, fit, hexOf, panelOf, sameValue, textOf } from "../../../host/wxlink/pages/static/product.js";

const t = translator("zh-CN");
const product = (...attrs) => ({ name: "灯", name_en: "Lamp", entities: [{ attrs }] });
const point = (attr) => {
  const panel = panelOf(product({ name: "P", type: "status_writable", ...attr }));
  return [...panel.controls, ...panel.readings, ...panel.alarms][0];
};
const number = (spec, more = {}) => point({ data_type: "uint16", uint_spec: spec, ...more });

test("points go where their kind says, in the product's order", () => {
  const kinds = ["alert", "status_writable", "status_readonly", "fault", "status_writable"];
  const panel = panelOf(product(...kinds.map((type, index) => ({ name: `P${index}`, type, data_type: "bool" }))));
  assert.deepEqual(panel.name, { zh: "灯", en: "Lamp" });
  assert.deepEqual(panel.controls.map(({ name }) => name), ["P1", "P4"]);
  assert.deepEqual(panel.readings.map(({ name }) => name), ["P2"]);
  assert.deepEqual(panel.alarms.map(({ name, role }) => [name, role]), [["P0", "alert"], ["P3", "fault"]]);
});

test("limits and step of a number are in what the reader sees: raw * ratio + addition", () => {
  const speed = number({ min: 0, max: 10, ratio: 1, addition: -5 });
  assert.deepEqual([speed.min, speed.max, speed.step, speed.decimals], [-5, 5, 1, 0]);
  const target = number({ min: 0, max: 700, ratio: 0.1, addition: -20 });
  assert.deepEqual([target.min, target.max, target.step, target.decimals], [-20, 50, 0.1, 1]);
  const falling = number({ min: 0, max: 100, ratio: -0.5, addition: 50 });
  assert.deepEqual([falling.min, falling.max, falling.step], [0, 50, 0.5]);
  const tiny = number({ min: 0, max: 10, ratio: 1e-7, addition: 0 });
  assert.equal(tiny.decimals, 7);
});

test("a number beyond what a finger can hit has a field but no slider", () => {
  assert.equal(number({ min: 0, max: 1000, ratio: 1, addition: 0 }).control, "slider");
  assert.equal(number({ min: 0, max: 1001, ratio: 1, addition: 0 }).control, "number");
  assert.equal(point({ data_type: "uint32" }).max, 0xffffffff);
});

test("fit gives the nearest value that the device can hold", () => {
  const target = number({ min: 0, max: 700, ratio: 0.1, addition: -20 });
  assert.equal(fit(target, 23.54), 23.5);
  assert.equal(fit(target, 0.30000000000000004), 0.3);
  assert.equal(fit(target, -99), -20);
  assert.equal(fit(target, 1e9), 50);
  const odd = number({ min: 1, max: 9, ratio: 3, addition: 1 });
  assert.equal(fit(odd, 5), 4);
});

test("few short choices stand side by side, others are a list", () => {
  assert.equal(point({ data_type: "enum", enum: ["自定义", "黄色", "紫色", "粉色"] }).control, "segments");
  assert.equal(point({ data_type: "enum", enum: ["a", "b", "c", "d", "e"] }).control, "list");
  assert.equal(point({ data_type: "enum", enum: ["a", "b"], enum_en: ["x".repeat(20), "y".repeat(20)] }).control, "list");
});

test("values are texts with unit, in either language, and unknown ones are a dash", () => {
  const power = number({ min: 0, max: 9, ratio: 0.01, addition: 0 }, { unit: "kW" });
  assert.equal(textOf(power, 1.5, "zh-CN", t), "1.50 kW");
  const warm = number({ min: 0, max: 9, ratio: 1, addition: 0 }, { unit: "℃" });
  assert.equal(textOf(warm, 7, "zh-CN", t), "7℃");
  const color = point({ data_type: "enum", enum: ["黄色", "紫色"], enum_en: ["yellow", "purple"] });
  assert.equal(textOf(color, "紫色", "en", translator("en")), "purple");
  assert.equal(textOf(color, 0, "zh-CN", t), "黄色");
  assert.equal(textOf(color, "绿色", "zh-CN", t), "绿色");
  assert.equal(textOf(color, undefined, "zh-CN", t), "—");
});

test("a report of any type is shown and never throws", () => {
  for (const data_type of ["bool", "enum", "uint8", "binary", "float64", undefined]) {
    for (const value of [null, true, -1, 1.5, NaN, "", "x", [], [1, "a"], {}, { toString: null }]) {
      assert.equal(typeof textOf(point({ data_type, position: { len: 2 } }), value, "zh-CN", t), "string");
    }
  }
});

test("a data type of a later protocol is shown and cannot be written", () => {
  const panel = panelOf(product({ name: "F", type: "status_writable", data_type: "float64" }));
  assert.deepEqual([panel.controls.length, panel.readings.length], [0, 1]);
});

test("a broken definition gives an empty panel", () => {
  for (const definition of [undefined, {}, { entities: [] }, { entities: [{}] }, { entities: [{ attrs: [{}, null] }] }]) {
    assert.deepEqual(panelOf(definition).controls, []);
  }
});

test("bytes are read in every common way of writing them, and padded on the right", () => {
  assert.deepEqual(bytesOf("17 02 03", 5), [0x17, 2, 3, 0, 0]);
  assert.deepEqual(bytesOf("0x17,0x02", 2), [0x17, 2]);
  assert.deepEqual(bytesOf("aB:cD", 2), [0xab, 0xcd]);
  assert.deepEqual(bytesOf("", 1), [0]);
  for (const wrong of ["1", "123", "gg", "01 02 03"]) assert.equal(bytesOf(wrong, 2), null);
  assert.equal(hexOf([23, 2, 255]), "17 02 FF");
  assert.equal(hexOf("1702ff"), "17 02 FF");
});

test("values are compared as the device holds them", () => {
  const target = number({ min: 0, max: 700, ratio: 0.1, addition: 0 });
  assert.ok(sameValue(target, 23.5, 23.500000001));
  assert.ok(!sameValue(target, 23.5, 23.6));
  assert.ok(sameValue(point({ data_type: "bool" }), 1, true));
  const color = point({ data_type: "enum", enum: ["黄色", "紫色"] });
  assert.ok(sameValue(color, "紫色", 1));
  const key = point({ data_type: "binary", position: { len: 2 } });
  assert.ok(sameValue(key, [1, 2], "0102"));
  assert.ok(!sameValue(key, [1, 2], undefined));
});
