// A WebSocket that comes back by itself, with growing pauses.

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;
const MANY_FAILURES = 4;
const PING_EVERY = 25_000;
const PONG_WITHIN = 10_000;

/** `handlers`: address() → path, opened(), received(frame), state(name) with name one of
 *  "connecting", "connected", "lost", "sign_in". `pings`: whether the other side answers pings. */
export function openSocket({ address, opened, received, state, pings = false }) {
  let socket = null;
  let failures = 0;
  let timer = 0;
  let pong = 0;

  function connect() {
    clearTimeout(timer);
    state(failures ? (failures >= MANY_FAILURES ? "sign_in" : "lost") : "connecting");
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
      again();
    });
  }

  function again() {
    clearTimeout(pong);
    socket = null;
    failures += 1;
    state(failures >= MANY_FAILURES ? "sign_in" : "lost");
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
