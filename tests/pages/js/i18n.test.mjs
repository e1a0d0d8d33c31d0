import assert from "node:assert/strict";
import { test } from "node:test";

import { ago, chooseLanguage, translator } from "../../../host/wxlink/pages/static/i18n.js";

test("the reader's choice comes first, then the browser's languages in their order, Chinese without any", () => {
  assert.equal(chooseLanguage("en", ["zh-CN"]), "en");
  assert.equal(chooseLanguage(null, ["zh-Hant-TW", "en"]), "zh-CN");
  assert.equal(chooseLanguage("xx", ["fr", "en-GB", "zh"]), "en");
  assert.equal(chooseLanguage(null, ["fr"]), "en");
  assert.equal(chooseLanguage(null, []), "zh-CN");
});

test("values go into a text as they are", () => {
  assert.equal(translator("en")("refused", { code: "$& {code}" }), "The platform refused the command ($& {code})");
});

test("ages are told in the largest whole unit", () => {
  assert.equal(ago(3, "en"), "");
  assert.equal(ago(-5, "en"), "");
  assert.equal(ago(59, "en"), "59 seconds ago");
  assert.equal(ago(150, "zh-CN"), "2分钟前");
  assert.equal(ago(90_000, "en"), "1 day ago");
});
