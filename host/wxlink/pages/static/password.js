/** Sets a new password with the secret of a letter's link, which stands behind the # and so reaches no log. */

import { say } from "./dom.js";

const OUTCOMES = {
  200: "密码已更新，请用新密码登录。 Done. Log in with the new password.",
  400: "链接已失效，请重新申请。 The link is too old or was used. Ask for another.",
};
const AGAIN = "暂时无法保存，请稍后再试。 It could not be saved. Please try again later.";

const form = document.getElementById("password");
const outcome = document.getElementById("outcome");
const secret = location.hash.slice(1);
history.replaceState(null, "", location.pathname); // not in the history of the browser either

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  let status = 0;
  try {
    const body = JSON.stringify({ link: secret, password: document.getElementById("new").value });
    status = (await fetch("/h5/password", { method: "POST", body })).status;
  } catch {
    // no network: the text below says it
  }
  say(outcome, OUTCOMES[status] ?? AGAIN);
  form.hidden = status === 200;
  button.disabled = false;
});
