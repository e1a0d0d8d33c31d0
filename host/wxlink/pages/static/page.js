/** What both pages share: the language of the page, its toggle, and the API behind the page's cookie. */

import { chooseLanguage, otherLanguage, translator } from "./i18n.js";

const LANGUAGE_KEY = "wxlink.language"; // in localStorage, which holds nothing else of ours

/** The server's answer was not the one hoped for. `final`: asking again changes nothing; `ended`: a key of i18n.js. */
export class PageError extends Error {
  constructor(ended) {
    super(ended ?? "unreachable");
    this.final = ended !== undefined;
    this.ended = ended;
  }
}

const ENDED = { 401: "signIn", 403: "unbound", 404: "unbound" };

/** JSON of a GET below /h5/api/. Raises PageError. */
export async function getJson(path) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", headers: { Accept: "application/json" } });
  } catch {
    throw new PageError();
  }
  if (!response.ok) throw new PageError(ENDED[response.status]);
  return response.json();
}

/** Calls `draw({language, t})` now and whenever the reader changes the language. */
export function inLanguages(draw) {
  let language = chooseLanguage(remembered(), navigator.languages ?? [navigator.language]);
  const toggle = document.getElementById("language");
  const apply = () => {
    const t = translator(language);
    document.documentElement.lang = language;
    for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
    toggle.lang = otherLanguage(language);
    toggle.setAttribute("aria-label", t("otherLanguageHint"));
    draw({ language, t });
  };
  toggle.addEventListener("click", () => {
    language = otherLanguage(language);
    remember(language);
    apply();
  });
  apply();
}

// Private windows and some webviews refuse localStorage: the choice then lasts as long as the page.
function remembered() {
  try {
    return localStorage.getItem(LANGUAGE_KEY);
  } catch {
    return null;
  }
}

function remember(language) {
  try {
    localStorage.setItem(LANGUAGE_KEY, language);
  } catch {
    // see above
  }
}
