// A WebSocket that comes back by itself, with growing pauses.

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
const MANY_FAILURES = 4;
const PING_EVERY = 25_000;
const PONG_WITHIN = 10_000;

// Why a socket was closed or never opened, as a page names it.
const DOORS = { 4401: "signed_out", 4403: "no_role", 4404: "no_agent", 4429: "too_many" };
const REFUSED = { 401: "signed_out", 403: "no_role", 502: "no_answer", 503: "no_answer", 504: "no_answer" };

/** A handshake only fails; a request is told why. */
async function whyNot() {
  try {
    const { status } = await fetch("/api/agents");
    return REFUSED[status] ?? "lost";
  } catch {
    return "lost";
  }
}

/** `handlers`: address() → path, opened(), received(frame), state(name) with name one of
 *  "connecting", "connected", "lost", "no_answer", "signed_out", "no_role", "no_agent", "too_many".
 *  `pings`: whether the other side answers pings. */
export function openSocket({ address, opened, received, state, pings = false }) {
  let socket = null;
  let failures = 0;
  let timer = 0;
  let pong = 0;

  function connect() {
    clearTimeout(timer);
    if (!failures) state("connecting");
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const mine = new WebSocket(`${scheme}//${location.host}${address()}`);
    socket = mine;
    mine.addEventListener("open", () => {
      failures = 0;
      state("connected");
      opened?.();
    });
    mine.addEventListener("message", (event) => {
      clearTimeout(pong);
      received(JSON.parse(event.data));
    });
    mine.addEventListener("close", (event) => {
      if (socket !== mine) return;
      if (event.code >= 4400) failures = MANY_FAILURES; // we were shown the door: no hurry
      again(DOORS[event.code]);
    });
  }

  function again(why) {
    clearTimeout(pong);
    socket = null;
    failures += 1;
    state(why ?? "lost");
    const tried = failures;
    if (!why) whyNot().then((name) => { if (!socket && failures === tried) state(name); });
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1));
    timer = setTimeout(connect, pause * (0.7 + 0.6 * Math.random()));
  }

  function send(frame) {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(frame));
    return true;
  }

  if (pings) {
    // A network that vanished closes nothing: without an answer we open a new socket.
    setInterval(() => {
      if (!send({ type: "ping" })) return;
      clearTimeout(pong);
      pong = setTimeout(() => {
        const dead = socket;
        again();
        dead?.close();
      }, PONG_WITHIN);
    }, PING_EVERY);
  }
  window.addEventListener("online", () => {
    if (!socket) connect();
  });
  connect();
  return { send };
}
