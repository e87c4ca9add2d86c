// The chat: questions go out over the socket, numbered frames come back. What was missed while the
// connection was down is asked for again, from the last frame that was seen.

import { Answer } from "./answer.js";
import { Card, QuotedMemory } from "./card.js";
import { byId, element, fill, getJson, page } from "./dom.js";
import { openSocket } from "./socket.js";

const { agent, strings, examples, exchanges: past, longest, question: prefilled, ...given } = page();
const log = byId("log");
const input = byId("question");
const card = new Card(strings, (text) => ask(text));
const quoted = new QuotedMemory(strings);
const runs = new Map(); // client_id or run_id → Exchange
let conversation = given.conversation;
let isReady = false; // the server has said which conversation this is
let stopsFirst = false; // stop was pressed while it had not

class Exchange {
  constructor(question, clientId, runId = null, without = null) {
    Object.assign(this, { question, clientId, runId, without, lastSeq: 0, over: false });
    this.answer = new Answer(strings, {
      rate, askAgain: () => fillIn(question), suggest: fillIn, openThing: card.open,
      openMemory: (source) => quoted.open(this.runId, source),
      leaveOut: (part, text) => ask(text, { run_id: this.runId, part }),
      fetchRows: (table, wanted) => getJson(`/api/answers/${this.runId}/tables/${table}`, wanted),
    });
    this.article = element("article", { class: "exchange" },
      element("div", { class: "question" },
        element("span", { class: "hidden" }, `${strings.you}: `), element("p", {}, question)),
      this.answer.root);
    log.append(this.article);
    byId("empty").hidden = true;
    if (clientId) runs.set(clientId, this);
    if (runId) runs.set(runId, this);
  }

  /** Ask, or ask for the rest. The server never answers one client_id twice. */
  send() {
    if (!isReady) return; // when it is, all open ones are sent
    if (this.runId) socket.send({ type: "resume", run_id: this.runId, last_seq: this.lastSeq });
    else socket.send({ type: "message", text: this.question, client_id: this.clientId, without: this.without ?? undefined });
  }

  take(frame) {
    if (frame.run_id && !this.runId) {
      this.runId = frame.run_id;
      runs.set(frame.run_id, this);
    }
    if (frame.seq !== undefined) {
      if (frame.seq <= this.lastSeq) return;
      this.lastSeq = frame.seq;
    }
    keepingPlace(() => this.answer.take(frame));
    if (frame.type === "run_started") byId("status").textContent = strings.thinking; // its text is not read out as it comes
    if (["message", "stopped", "error"].includes(frame.type)) this.end(frame);
  }

  end(frame) {
    this.over = true;
    byId("status").textContent = frame.type === "message" ? strings.done : frame.message ?? strings.stopped;
    showRunning();
  }
}

// --- the log

/** Change something; who reads the end goes on reading the end. */
function keepingPlace(change) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  change();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function showPast() {
  for (const one of past) {
    const exchange = new Exchange(one.question, one.client_id, one.run_id);
    if (!one.answer) continue; // still going on: resumed when the socket is open
    exchange.over = true;
    exchange.answer.showPast(one.answer);
  }
  byId("empty").hidden = past.length > 0;
  log.scrollTop = log.scrollHeight;
}

function showExamples() {
  for (const text of examples) {
    const ask = () => { fillIn(text); submit(); };
    byId("examples").append(element("li", {}, element("button", { type: "button", onclick: ask }, text)));
  }
}

const open = () => [...new Set(runs.values())].filter((exchange) => !exchange.over);

function showRunning() {
  byId("stop").hidden = open().length === 0;
}

// --- the socket

function received(frame) {
  const exchange = runs.get(frame.run_id) ?? runs.get(frame.client_id);
  if (exchange) exchange.take(frame);
  else if (frame.type === "info") begin(frame);
  else if (frame.type === "error") showProblem(frame.message);
}

function begin(info) {
  conversation = info.conversation_id;
  isReady = true;
  const waiting = open();
  if (waiting.length) keepAddress(waiting[0].question);
  for (const exchange of waiting) exchange.send();
  if (stopsFirst && waiting.length) socket.send({ type: "stop" });
  stopsFirst = false;
}

function state(name) {
  isReady = false;
  byId("connection").dataset.state = name;
  byId("connection").textContent = strings[name];
}

const path = `/ws/chat/${encodeURIComponent(agent.id)}/`;

// --- the composer

function submit() {
  const text = input.value;
  if (!text.trim() || text.length > longest) return;
  ask(text);
  fillIn("");
}

/** Ask; `without` is a condition of an earlier question, which is asked again less that. */
function ask(text, without = null) {
  showProblem("");
  const exchange = new Exchange(text, newId(), null, without);
  exchange.answer.waiting(open().length > 1);
  exchange.send();
  keepAddress(text);
  showRunning();
  log.scrollTop = log.scrollHeight;
}

/** A reload finds this conversation again, and the list has it. */
function keepAddress(title) {
  if (!conversation) return;
  const address = `?conversation=${conversation}`;
  history.replaceState(null, "", address);
  if (byId("conversations").querySelector(`[data-id="${conversation}"]`)) return;
  const link = element("a", { href: address, "data-id": conversation, "aria-current": "true" }, title);
  byId("conversations").prepend(element("li", {}, link));
}

function fillIn(text) {
  input.value = text;
  fit();
  input.focus();
}

function fit() {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight, 200)}px`;
  const tooLong = input.value.length > longest;
  const near = input.value.length > longest * 0.9;
  byId("count").textContent = near ? ` ${fill(strings.characters, { count: input.value.length, longest })}` : "";
  input.setAttribute("aria-invalid", String(tooLong));
  byId("send").disabled = tooLong;
}

/** What has not reached the server yet is stopped once it has: never before its question. */
function stop() {
  stopsFirst = !isReady || !socket.send({ type: "stop" });
}

function rate(memoryId, rating, comment) {
  return socket.send({ type: "feedback", memory_id: memoryId, rating, comment });
}

function showProblem(message) {
  byId("problem").textContent = message;
  byId("problem").hidden = !message;
}

/** crypto.randomUUID exists on secure pages only. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
input.addEventListener("input", fit);
input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && open().length) stop();
});
byId("stop").addEventListener("click", stop);
byId("side-toggle").addEventListener("click", () => {
  const shown = byId("side").classList.toggle("shown");
  byId("side-toggle").setAttribute("aria-expanded", String(shown));
});

showExamples();
showPast();
const socket = openSocket({
  address: () => (conversation ? `${path}?conversation=${conversation}` : path),
  received,
  state,
  pings: true,
});
showRunning();
fillIn(prefilled);
