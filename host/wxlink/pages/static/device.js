/** The device page: fetches what the page shows, draws the panel, and keeps it in step with the device. */

import { Commands } from "./commands.js";
import { el } from "./dom.js";
import { Link } from "./link.js";
import { getJson, inLanguages } from "./page.js";
import { buildPanel } from "./panel.js";
import { inLanguage, panelOf, sameValue } from "./product.js";
import { run } from "./socket.js";

const AGE_REDRAW_MS = 20_000; // "3 minutes ago" ages by itself
const LOAD_AGAIN_MS = 4_000;

const did = decodeURIComponent(location.pathname.split("/").pop());
const main = document.querySelector("main");
const loading = document.getElementById("loading");

const state = {
  title: "", link: "connecting", online: false, silent: false, reading: false, ended: "", updatedAt: 0, values: {}, now: 0,
  commandOf: (name) => commands.of(name),
};
let points = new Map();
let model = null;
let device = {};
let words = null;
let view = null;
let connection = null;
let timer = 0;

const commands = new Commands((name, one, other) => points.has(name) && sameValue(points.get(name), one, other));

const act = {
  write(name, value) {
    commands.sent(name, value, Date.now(), state.values[name]);
    connection?.write({ [name]: value });
    show();
  },
  refresh() {
    state.reading = true;
    connection.read();
    show();
  },
};

/** What the connection tells. */
const told = {
  live: () => Object.assign(state, { link: "live" }),
  lost: () => Object.assign(state, { link: "lost" }),
  silent: () => Object.assign(state, { silent: true }),
  online: ({ online }) => Object.assign(state, { online, silent: false }),
  unbound: () => end("unbound"),
  refused: ({ code }) => commands.refused(code),
  values({ attrs }) {
    Object.assign(state, { online: true, silent: false, updatedAt: Date.now() / 1000, values: { ...state.values, ...attrs } });
    commands.reported(attrs, Date.now());
  },
};

function show() {
  clearTimeout(timer);
  const now = Date.now();
  commands.expire(now);
  Object.assign(state, { now, title: titleOf() });
  document.title = state.title;
  view?.show(state);
  timer = setTimeout(show, Math.min(AGE_REDRAW_MS, Math.max(50, commands.deadline - now)));
}

const titleOf = () => device.name || (model && inLanguage(model.name, words.language)) || did;

function draw(chosen) {
  words = chosen;
  if (!model) return;
  view = buildPanel(model, act, words);
  main.replaceChildren(view.element);
  show();
}

function take(answer) {
  model = panelOf(answer.product);
  points = new Map(model.controls.map((point) => [point.name, point]));
  device = answer.device;
  Object.assign(state, { online: device.is_online, updatedAt: answer.latest.updated_at, values: answer.latest.attrs });
}

const sessionOf = ({ appid, uid, token }) => ({ appid, uid, token });
const load = () => getJson(`/h5/api/device/${encodeURIComponent(did)}`);

function end(why) {
  state.ended = why;
  connection?.stop();
  if (!view) loading.replaceChildren(el("strong", {}, words.t(why)), el("span", {}, words.t(`${why}Hint`)));
}

async function fetchSession() {
  try {
    return sessionOf(await load());
  } catch (error) {
    if (error.final) {
      end(error.ended);
      show();
    }
    throw error;
  }
}

async function begin() {
  let answer;
  try {
    answer = await load();
  } catch (error) {
    if (error.final) return end(error.ended);
    loading.textContent = words.t("failedLoad");
    return setTimeout(begin, LOAD_AGAIN_MS);
  }
  take(answer);
  draw(words);
  const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${answer.ws}`;
  const tell = (event) => {
    state.reading = false;
    told[event.kind](event);
    show();
  };
  connection = run(new Link({ did }), { url, session: sessionOf(answer), fetchSession, tell });
}

inLanguages(draw);
begin();
