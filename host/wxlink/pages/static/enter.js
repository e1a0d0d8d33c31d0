/** Turns the link of the chat into a session: only a page that runs may use the ticket up, no preview does. */

const form = document.getElementById("enter");
form.querySelector("button").disabled = true; // a tap meanwhile would show the ticket a second time
form.submit();
