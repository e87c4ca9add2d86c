// The chat: questions go out over the socket, numbered frames come back. What was missed while the
// connection was down is asked for again, from the last frame that was seen; what other pages ask in
// this conversation comes as `asked`.

import { Card, QuotedMemory } from "./card.js";
import { Composer } from "./composer.js";
import { showConnection } from "./connection.js";
import { Conversations } from "./conversations.js";
import { byId, element, getJson, page } from "./dom.js";
import { Exchange } from "./exchange.js";
import { openSide } from "./side.js";
import { openSocket } from "./socket.js";
import { TakenBack } from "./taken_back.js";
import { tellFix } from "./what_fixed_it.js";

const { agent, agents, strings, examples, longest, question: prefilled, ...given } = page();
const log = byId("log");
const earlier = element("button", { type: "button", class: "plain earlier", onclick: showEarlier }, strings.earlier);
log.append(earlier);
const card = new Card(strings, (text) => ask(text));
const quoted = new QuotedMemory(strings);
const exchanges = []; // in the order of the page
let conversation = given.conversation;
let isReady = false; // the server has said which conversation this is
let stopsFirst = false; // stop was pressed while it had not

const find = (frame) => exchanges.find((one) =>
  (frame.run_id && one.runId === frame.run_id) || (frame.client_id && one.clientId === frame.client_id));
const open = () => exchanges.filter((one) => !one.over);

// --- the log

/** Change something; who reads the end goes on reading the end, of a long answer its beginning. */
function keepingPlace(change) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  change();
  if (atEnd) toTheEnd();
}

function toTheEnd() {
  const last = exchanges.at(-1)?.root;
  log.scrollTop = last ? Math.min(last.offsetTop - 12, log.scrollHeight) : 0;
}

const forExchanges = { strings, rate, tellFix: (runId, fix) => tellFix(conversation, runId, fix), ask, keepingPlace, ended, edit: fillIn, openThing: card.open, openMemory: quoted.open, started };

function add(question, ids) {
  const exchange = new Exchange(forExchanges, question, ids);
  exchanges.push(exchange);
  log.append(exchange.root);
  byId("empty").hidden = true;
  return exchange;
}

/** What was asked before all that is shown; of an answer that is missing the socket brings the rest. */
function showPast({ exchanges: past, has_earlier: hasEarlier }) {
  const made = past.map((one) => {
    const exchange = new Exchange(forExchanges, one.question, { clientId: one.client_id, runId: one.run_id });
    exchange.showFate(one.fate);
    if (one.answer) exchange.showPast(one.answer);
    return exchange;
  });
  exchanges.unshift(...made);
  earlier.after(...made.map((one) => one.root));
  earlier.hidden = !hasEarlier;
  byId("empty").hidden = exchanges.length > 0;
}

/** Whether what was asked before all that is shown could be read. */
async function showEarlier() {
  const fromEnd = log.scrollHeight - log.scrollTop;
  earlier.disabled = true;
  const path = `/api/conversations/${conversation}/exchanges`;
  const found = await getJson(path, { before: exchanges[0].runId }).catch(() => null);
  earlier.disabled = false;
  showProblem(found ? "" : strings.no_part);
  if (!found) return false;
  showPast(found);
  log.scrollTop = log.scrollHeight - fromEnd;
  return true;
}

/** An address may point at an answer, however long ago it was given. */
async function showAddressed() {
  const wanted = location.hash.slice(1);
  while (wanted.startsWith("run-") && !byId(wanted) && !earlier.hidden && await showEarlier());
  if (wanted) byId(wanted)?.scrollIntoView();
}

function showExamples() {
  byId("examples").append(...examples.map((text) =>
    element("li", {}, element("button", { type: "button", onclick: () => ask(text) }, text))));
}

function showRunning() {
  byId("stop").hidden = open().length === 0;
}

/** The text is not read out as it comes: that it comes, and that it is there. */
function started() {
  byId("status").textContent = strings.thinking;
}

function ended(frame) {
  byId("status").textContent = frame.type === "message" ? strings.done : frame.message ?? strings.stopped;
  showRunning();
}

// --- the socket

function received(frame) {
  if (frame.type === "info") return begin(frame);
  if (frame.type === "asked") return askedElsewhere(frame);
  if (frame.type === "conversations") return conversations.refresh();
  if (frame.type === "fates") return showFates(frame.answers);
  const exchange = find(frame);
  if (exchange) exchange.take(frame);
  else if (frame.type === "error") showProblem(frame.message);
}

function begin(info) {
  conversation = info.conversation_id;
  isReady = true;
  const waiting = open();
  if (waiting.length) keepAddress();
  for (const exchange of waiting) socket.send(exchange.request());
  if (stopsFirst && waiting.length) socket.send({ type: "stop" });
  stopsFirst = false;
  socket.send({ type: "watch", known: exchanges.map((one) => one.runId).filter(Boolean) });
}

function showFates(answers) {
  for (const exchange of exchanges) exchange.showFate(answers[exchange.runId] ?? null);
  takenBack.refresh();
}

function askedElsewhere(frame) {
  const known = find(frame);
  if (known) {
    known.isRun(frame.run_id);
    return;
  }
  keepAddress();
  keepingPlace(() => add(frame.text, { clientId: frame.client_id, runId: frame.run_id }));
  showRunning();
}

function state(name) {
  isReady = false;
  showConnection(name, strings);
}

// --- asking

/** Ask; `meant` is `{without}`, an earlier question less a condition, or `{answers}`, a question back. */
function ask(text, meant) {
  if (window.event?.type === "click" && window.event.detail > 1) return; // the second half of a double click
  showProblem("");
  const exchange = add(text, { clientId: newId(), meant });
  exchange.answer.waiting(open().length > 1 || !isReady);
  if (isReady) socket.send(exchange.request()); // else all open ones are sent once it is
  keepAddress();
  showRunning();
  toTheEnd();
}

/** A reload finds this conversation again. */
function keepAddress() {
  if (conversation) history.replaceState(null, "", `?conversation=${conversation}`);
}

/** What has not reached the server yet is stopped once it has: never before its question. */
function stop() {
  stopsFirst = !isReady || !socket.send({ type: "stop" });
}

function rate(feedback) {
  return socket.send(feedback);
}

function fillIn(text) {
  composer.fillIn(text);
}

function showProblem(message) {
  byId("problem").textContent = message;
  byId("problem").hidden = !message;
}

function titled(title) {
  byId("title").textContent = title;
  document.title = `${title} · Resync`;
}

/** crypto.randomUUID exists on secure pages only. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && open().length) stop();
});
byId("stop").addEventListener("click", stop);
openSide(byId("side"), byId("side-toggle"));

const composer = new Composer({
  strings,
  longest,
  draftOf: () => `draft ${(exchanges.length && conversation) || agent.id}`,
  earlier: () => exchanges.map((one) => one.question),
  asked: ask,
});
const conversations = new Conversations({
  strings, agents, agent, items: given.conversations, current: () => conversation, titled,
});
const takenBack = new TakenBack(strings);
showExamples();
showPast(given);
toTheEnd();
showAddressed();
addEventListener("hashchange", showAddressed);
const path = `/ws/chat/${encodeURIComponent(agent.id)}/`;
const socket = openSocket({
  address: () => (conversation ? `${path}?conversation=${conversation}` : path),
  received,
  state,
  pings: true,
});
showRunning();
composer.fillIn(composer.input.value || prefilled || composer.draft()); // also what was typed while this was loaded
