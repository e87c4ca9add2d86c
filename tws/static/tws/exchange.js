// One question and its answer, in the log.

import { Answer } from "./answer.js";
import { element, getJson, moment } from "./dom.js";

const ENDS = ["message", "stopped", "error"];

/** In words: what became of an answer, why, when. */
export function fateParts(strings, { kind, through, reason, at, html }) {
  return [
    element("p", {}, element("strong", {}, strings.fates[through ? `${kind}_through` : kind])),
    reason ? element("p", { class: "reason" }, reason) : null,
    at ? element("p", { class: "quiet" }, element("time", { datetime: at }, moment(at, "short"))) : null,
    html ? element("p", {}, strings.corrected_to) : null,
  ].filter(Boolean);
}

function cleaned(html) {
  const made = element("div", { class: "text" });
  made.innerHTML = html;
  return made;
}

export class Exchange {
  /**
   * `page`: strings, and what an exchange asks of its page: rate, ask, edit, keepingPlace, ended.
   * `meant`: the fields of its frame that say what is asked beside its text.
   */
  constructor(page, question, { clientId, runId = null, meant = {} }) {
    Object.assign(this, { page, question, clientId, meant, lastSeq: 0, over: false });
    const { strings } = page;
    const askAgain = () => page.ask(question, meant);
    this.answer = new Answer(strings, {
      rate: page.rate, ask: page.ask, askAgain, openThing: page.openThing, keepingPlace: page.keepingPlace,
      openMemory: (source) => page.openMemory(this.runId, source),
      leaveOut: (part, text) => page.ask(text, { without: { run_id: this.runId, part } }),
      choose: (text) => page.ask(text, { answers: this.runId }),
      tellFix: (fix) => page.tellFix(this.runId, fix),
      fetchRows: (table, wanted) => getJson(`/api/answers/${this.runId}/tables/${table}`, wanted),
    });
    const action = (words, act) => element("button", { type: "button", class: "plain", onclick: act }, words);
    this.root = element("article", { class: "exchange" },
      element("div", { class: "question" },
        element("span", { class: "hidden" }, `${strings.you}: `), element("p", {}, question)),
      element("div", { class: "question-actions" },
        action(strings.edit, () => page.edit(question)), action(strings.again, askAgain)),
      this.fate = element("div", { class: "fate", role: "note", hidden: true }),
      this.answer.root);
    if (runId) this.isRun(runId);
  }

  /** Its run, once the server has said which: what an address points at. */
  isRun(runId) {
    this.runId = runId;
    this.root.id = `run-${runId}`;
  }

  /** What became of the answer since; null: nothing. Only `html`, which the server has cleaned, is HTML. */
  showFate(fate) {
    this.fate.hidden = !fate;
    this.root.classList.toggle("taken-back", Boolean(fate));
    this.fate.replaceChildren(...(fate ? fateParts(this.page.strings, fate) : []));
    if (fate?.html) this.fate.append(cleaned(fate.html));
  }

  take(frame) {
    if (!this.runId && frame.run_id) this.isRun(frame.run_id);
    if (frame.seq !== undefined) {
      if (frame.seq <= this.lastSeq) return;
      this.lastSeq = frame.seq;
    }
    this.page.keepingPlace(() => this.answer.take(frame));
    if (frame.type === "run_started") this.page.started();
    if (ENDS.includes(frame.type)) this.end(frame);
  }

  /** An answer from the history. */
  showPast(answer) {
    this.over = true;
    this.answer.showPast(answer);
  }

  end(frame) {
    this.over = true;
    this.page.ended(frame);
  }

  /** What asks for this answer, or for the rest of it. No client_id is ever answered twice. */
  request() {
    return this.runId
      ? { type: "resume", run_id: this.runId, last_seq: this.lastSeq }
      : { type: "message", text: this.question, client_id: this.clientId, ...this.meant };
  }
}
