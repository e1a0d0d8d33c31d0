/** The list of the reader's devices. */

import { el } from "./dom.js";
import { getJson, inLanguages } from "./page.js";

const REFRESH_MS = 30_000; // on-line states; the device's own page has them at once

const main = document.querySelector("main");
const leave = document.getElementById("leave");
let words = null;
let devices = null;
let problem = "";

const nameOf = (device) => device.name || (words.language === "en" ? device.product_name_en : device.product_name) || device.did;

function item(device) {
  const online = String(device.is_online);
  return el("li", {}, el("a", { class: "device", href: `/h5/device/${encodeURIComponent(device.did)}` },
    el("span", { class: "device-text" },
      el("span", { class: "device-name" }, nameOf(device)),
      el("span", { class: "device-mac" }, device.mac)),
    el("span", { class: "status", "data-online": online }, words.t(device.is_online ? "online" : "offline"))));
}

const sentence = (key) => el("div", { class: "empty" }, el("p", {}, words.t(key)), el("p", { class: "hint" }, words.t(`${key}Hint`)));

function draw(chosen) {
  words = chosen;
  document.title = words.t("devices");
  leave.hidden = devices === null;
  if (problem === "failedLoad") {
    if (!devices) main.replaceChildren(el("p", { class: "empty", role: "status" }, words.t(problem)));
  } else if (problem) main.replaceChildren(sentence(problem));
  else if (devices) main.replaceChildren(devices.length ? el("ul", { class: "cells" }, ...devices.map(item)) : sentence("noDevices"));
}

async function refresh() {
  if (document.visibilityState === "visible") {
    try {
      ({ devices } = await getJson("/h5/api/devices"));
      problem = "";
    } catch (error) {
      problem = error.ended ?? "failedLoad";
      if (error.final) devices = null;
    }
    draw(words);
  }
}

document.addEventListener("visibilitychange", refresh);
setInterval(refresh, REFRESH_MS);
inLanguages(draw);
refresh();
