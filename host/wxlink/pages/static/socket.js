/** Runs a Link on a real WebSocket: carries out its effects, feeds it what happens, keeps its one timer. */

const LONGEST_TIMER_MS = 0x7fffffff;

/**
 * `fetchSession()` resolves to {appid, uid, token}; it may reject with an error whose `final` is true when asking again
 * is useless. `tell(event)` gets the link's events. Returns what the page may do with the connection.
 */
export function run(link, { url, session, fetchSession, tell }) {
  let socket = null;
  let timer = 0;

  const effects = {
    open() {
      drop();
      const mine = new WebSocket(url);
      socket = mine;
      const ifMine = (handler) => (event) => mine === socket && apply(handler(event));
      mine.onopen = ifMine(() => link.opened(now()));
      mine.onmessage = ifMine((event) => link.received(now(), event.data));
      mine.onclose = ifMine(() => link.closed(now()));
    },
    close: drop,
    send({ message }) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    fetch() {
      fetchSession().then(
        (fresh) => apply(link.credentials(now(), fresh)),
        (error) => apply(link.fetchFailed(now(), error.final === true)),
      );
    },
    tell: ({ event }) => tell(event),
  };

  function drop() {
    const old = socket;
    socket = null; // what the old socket still says is not for us
    old?.close();
  }

  function apply(list) {
    for (const effect of list) effects[effect.do](effect);
    clearTimeout(timer);
    if (link.deadline === Infinity) return;
    const wait = Math.min(LONGEST_TIMER_MS, Math.max(0, link.deadline - now()));
    timer = setTimeout(() => apply(link.tick(now())), wait);
  }

  const wake = () => document.visibilityState === "visible" && apply(link.wake(now()));
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  window.addEventListener("pageshow", (event) => event.persisted && wake());
  apply(link.start(now(), session));

  return {
    write: (attrs) => apply(link.write(attrs)),
    read: () => apply(link.read(now())),
    stop: () => apply(link.stop()),
  };
}

const now = () => Date.now();
