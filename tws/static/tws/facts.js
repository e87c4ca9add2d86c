// Each fact of an answer: statuses in their colour, names that open their object's card, and where
// it was read, shown while it is pointed at or focused.

import { element, fill, moment } from "./dom.js";

/** A status as it looks everywhere: its word, the colour and the sign of its group. */
export function status(words, group) {
  return element("span", { class: `status ${group}` }, words);
}

/** A name that opens the card of its object. */
export function thingButton(words, thing, openThing) {
  return element("button", { type: "button", class: "thing", onclick: () => openThing(thing) }, words);
}

let shownAt = null;
const origin = element("div", { class: "origin", role: "tooltip", id: "origin", hidden: true });

function show(at, text) {
  origin.textContent = text;
  origin.hidden = false;
  const holder = at.closest("dialog") ?? document.body; // above a card that is open
  if (origin.parentElement !== holder) holder.append(origin);
  at.setAttribute("aria-describedby", "origin");
  shownAt = at;
  stayBeside();
}

function stayBeside() {
  if (!shownAt) return;
  const place = shownAt.getBoundingClientRect();
  const left = Math.min(place.left, innerWidth - origin.offsetWidth - 8);
  const below = place.bottom + 6 + origin.offsetHeight < innerHeight;
  origin.style.left = `${Math.max(8, left)}px`;
  origin.style.top = `${below ? place.bottom + 6 : place.top - 6 - origin.offsetHeight}px`;
}

function hide() {
  shownAt?.removeAttribute("aria-describedby");
  shownAt = null;
  origin.hidden = true;
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !shownAt) return;
  event.stopImmediatePropagation(); // it stops no answer
  event.preventDefault(); // and closes no card
  hide();
}, { capture: true });
document.addEventListener("scroll", stayBeside, { capture: true, passive: true });

/** "return code · Plan of PROD: jobs · ended in error · inspect · read 14:48:33" */
function whereFrom(fact, source, strings) {
  if (!fact.source) return strings.from_the_question;
  if (!source) return "";
  if (source.kind === "memory") return fill(strings.from_memory, { label: source.label });
  const parts = [fact.field, source.label, source.tool].filter(Boolean).join(" · ");
  return fill(strings.read_at, { what: parts, time: moment(source.fetched_at) });
}

/** The names in a fact's words, each made a button that opens its object's card. */
function withButtons(words, things, openThing) {
  const texts = document.createTreeWalker(words, NodeFilter.SHOW_TEXT);
  let text = texts.nextNode();
  const made = [];
  for (const thing of things) {
    let at = -1;
    while (text && (at = text.data.indexOf(thing.name)) < 0) text = texts.nextNode();
    if (!text) break;
    const name = text.splitText(at);
    text = name.splitText(thing.name.length);
    const button = thingButton(thing.name, thing, openThing);
    name.replaceWith(button);
    texts.currentNode = text;
    made.push(button);
  }
  return made;
}

/** The facts that the HTML marks; the arrow keys lead from one to the next. */
export function showFacts(root, facts, sources, { strings, openThing }) {
  const known = new Map((sources ?? []).map((source) => [source.ref, source]));
  const shown = [];
  for (const fact of facts ?? []) {
    const words = root.querySelector(`[data-claim="${fact.claim}"]`);
    if (!words) continue;
    const named = words.closest("a") ? [] : withButtons(words, fact.things ?? [], openThing);
    if (fact.group) words.classList.add("status", fact.group);
    const text = whereFrom(fact, known.get(fact.source), strings);
    if (!text) continue;
    if (!named.length) words.tabIndex = shown.some((one) => one.tabIndex === 0 && one.tagName !== "BUTTON") ? -1 : 0;
    for (const at of named.length ? named : [words]) {
      at.addEventListener("pointerenter", () => show(at, text));
      at.addEventListener("pointerleave", hide);
      at.addEventListener("focus", () => show(at, text));
      at.addEventListener("blur", hide);
      shown.push(at);
    }
  }
  root.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const from = shown.indexOf(event.target);
    if (!step || from < 0) return;
    event.preventDefault();
    shown[(from + step + shown.length) % shown.length].focus();
  });
}
