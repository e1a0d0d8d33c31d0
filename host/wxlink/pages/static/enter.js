/** Turns the link of the chat into a session: only a page that runs may use the ticket up, no preview does. */
document.getElementById("enter").submit();
