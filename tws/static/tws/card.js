// The card of an object: how it is, why, what it holds up, its runs and its log, and what may be
// asked next. Each part is read when it is looked at.

import { showCode } from "./copying.js";
import { element, fill, getJson, moment } from "./dom.js";
import { showFacts, status, thingButton } from "./facts.js";
import { showTables } from "./tables.js";

const AT_ONCE = ["why", "holds_up"];
const WAITING = ["waiting", "ready", "stuck", "undecided"];

/** STREAM.JOB, as it is written in a question. */
function fullName({ kind, name, stream }) {
  return kind === "job" && stream ? `${stream}.${name}` : name;
}

/** What opens beside the conversation, with a title and whatever is read for it. */
class Sheet {
  constructor(strings) {
    this.strings = strings;
    this.body = element("div", { class: "card-body" });
    this.title = element("h2", { id: `sheet-${new.target.name}`, tabindex: "-1" });
    const close = element("button", { type: "button", class: "plain", "aria-label": strings.close, onclick: () => this.dialog.close() }, "✕");
    this.dialog = element("dialog", { class: "object-card", "aria-labelledby": this.title.id },
      element("div", { class: "card-head" }, this.title, close), this.body);
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
    this.dialog.addEventListener("keydown", (event) => event.stopPropagation()); // Esc closes it, and stops no answer
    document.body.append(this.dialog);
  }

  /** Open it with this title, and fill it with what `made` gives, unless it is opened anew before. */
  async present(title, made) {
    this.title.textContent = title;
    this.body.replaceChildren(element("p", { class: "progress" }, this.strings.loading));
    if (!this.dialog.open) this.dialog.showModal();
    this.title.focus();
    this.awaited = made;
    const shown = await made;
    if (this.awaited === made) this.body.replaceChildren(...shown);
  }

  problem(words) {
    return [element("p", { class: "problem" }, words)];
  }
}

export class Card extends Sheet {
  /** `ask(text)` sends a question to the chat. */
  constructor(strings, ask) {
    super(strings);
    this.ask = ask;
  }

  open = (thing) => this.present(thing.name, this.read(thing, "state").then(
    (state) => (state ? this.shown(state) : this.problem(this.strings.no_card))));

  async read(thing, part) {
    const named = Object.fromEntries(Object.entries(thing).filter(([, value]) => value));
    try {
      return await getJson("/api/plan/card", { ...named, part });
    } catch {
      return null;
    }
  }

  shown({ thing, status: state, values, parts, engine, fetched_at: at, ...told }) {
    const { strings } = this;
    return [
      element("p", { class: "card-state" }, element("span", { class: "quiet" }, strings.kinds[thing.kind]),
        state ? status(state.words, state.group) : null),
      this.told(told),
      element("dl", {}, ...values.flatMap((one) => [element("dt", {}, one.heading), element("dd", {}, this.value(one))])),
      element("p", { class: "quiet" }, `${engine}, ${fill(strings.read, { time: moment(at) })}`),
      ...parts.map((part) => this.section(thing, part)),
      this.questions(thing, state),
    ];
  }

  value(cell) {
    if (cell.group) return status(cell.words, cell.group);
    return cell.kind ? thingButton(cell.words, { kind: cell.kind, name: cell.value }, this.open) : cell.words;
  }

  told({ html, facts, tables, logs, sources }) {
    const text = element("div", { class: "text" });
    text.innerHTML = html; // cleaned by the server, as answers are
    const more = Object.fromEntries(tables.map((table) => [table.id, table.more]));
    const fetchRows = (id, wanted) => getJson("/api/plan/card/rows", { ...wanted, table: more[id] });
    const given = { strings: this.strings, openThing: this.open, fetchRows };
    showFacts(text, facts, sources, given);
    showTables(text, tables, given);
    showCode(text, logs, this.strings);
    return text;
  }

  section(thing, part) {
    const place = element("div", {}, element("p", { class: "progress" }, this.strings.loading));
    let isRead = false;
    const load = async () => {
      if (isRead) return;
      isRead = true;
      const found = await this.read(thing, part);
      place.replaceChildren(found ? this.told(found) : element("p", { class: "problem" }, this.strings.no_part));
    };
    const section = element("details", { class: "card-part" }, element("summary", {}, this.strings.parts[part]), place);
    section.addEventListener("toggle", () => { if (section.open) load(); });
    if (AT_ONCE.includes(part)) section.open = true;
    return section;
  }

  questions(thing, state) {
    const { next } = this.strings;
    const why = state && (state.group === "failed" ? next.why_failed : WAITING.includes(state.group) ? next.why_waits : null);
    const asked = thing.kind === "job" ? [next.log, why, next.holds_up, next.compare]
      : thing.kind === "stream" ? [why, next.holds_up] : [next.jobs_of];
    const buttons = asked.filter(Boolean).map((text) => fill(text, { name: fullName(thing) })).map((text) =>
      element("button", { type: "button", onclick: () => { this.dialog.close(); this.ask(text); } }, text));
    return element("div", { class: "card-questions" }, element("h3", {}, this.strings.suggestions), ...buttons);
  }
}

/** A memory that an answer was given from: as it was, who stands for it, what changed since. */
export class QuotedMemory extends Sheet {
  open = (runId, source) => this.present(source.label, getJson(`/api/answers/${runId}/memories/${source.ref}`).then(
    (memory) => this.shown(memory), () => this.problem(this.strings.memory_lost)));

  shown({ trust, trust_said: said, decided_by: name, decided_at: at, question, html, changed_at: changed, now }) {
    const { strings } = this;
    const isApproved = trust === "trusted";
    const decided = name && fill(isApproved ? strings.approved_by : strings.taken_back_by, { name, time: moment(at) });
    return [
      element("p", { class: "card-state" }, element("span", { class: `trust ${trust}` }, strings[trust] ?? said)),
      decided && ["trusted", "rejected"].includes(trust) ? element("p", {}, decided) : "",
      element("h3", {}, strings.asked_then), element("p", {}, question),
      this.text(html),
      element("p", { class: "quiet" }, changed.length ? fill(strings.changed_since, { time: moment(changed.at(-1)) }) : strings.unchanged),
      now ? this.text(now.html) : "",
    ];
  }

  text(html) {
    const text = element("blockquote", { class: "text" });
    text.innerHTML = html; // cleaned by the server, as answers are
    showCode(text, [], this.strings);
    return text;
  }
}
