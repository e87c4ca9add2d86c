// One answer: its steps while it works, its text while it streams, then how the question was
// understood, its sources, what may be asked next and the buttons for feedback. Only `html`, which the server has cleaned, is ever taken as HTML.

import { copyButton, showCode, wordsOf } from "./copying.js";
import { element, fill, moment } from "./dom.js";
import { showFacts } from "./facts.js";
import { Feedback } from "./feedback.js";
import { GrowingText } from "./markdown.js";
import { showSources } from "./sources.js";
import { showTables } from "./tables.js";
import { showUnderstood } from "./understood.js";
import { whatFixedIt } from "./what_fixed_it.js";

export class Answer {
  /**
   * `fetchRows(table, wanted)` gives more rows of a table, `openThing` shows an object's card,
   * `openMemory(source)` a memory that it was given from,
   * `leaveOut(part, text)` asks the question again without one of its conditions,
   * `choose(text)` answers the question that it asked back,
   * `tellFix(fix)` what fixed a failure that it explained.
   */
  constructor(strings, { rate, tellFix, ask, askAgain, choose, fetchRows, openThing, openMemory, leaveOut, keepingPlace }) {
    Object.assign(this, { strings, rate, tellFix, ask, askAgain, choose, fetchRows, openThing, openMemory, leaveOut });
    this.progress = element("p", { class: "progress" }, strings.thinking);
    this.understood = element("p", { class: "understood quiet", hidden: true });
    this.text = element("div", { class: "text streaming" });
    this.growing = new GrowingText(this.text, keepingPlace);
    this.stepList = element("ol");
    this.stepCount = element("span");
    this.steps = element("details", { class: "steps", hidden: true },
      element("summary", {}, `${strings.steps} `, this.stepCount), this.stepList);
    this.end = element("div", { class: "end" });
    this.root = element("div", { class: "answer", "aria-busy": "true" },
      this.progress, this.understood, this.text, this.steps, this.end);
  }

  waiting(isWaiting) {
    this.progress.textContent = isWaiting ? this.strings.waiting : this.strings.thinking;
  }

  take(frame) {
    switch (frame.type) {
      case "run_started":
        this.waiting(false);
        break;
      case "tool_call":
        this.progress.textContent = fill(this.strings.reading, { tool: frame.tool });
        this.addStep(frame);
        break;
      case "tool_result":
        this.endStep(frame);
        break;
      case "stream":
        this.growing.add(frame.message);
        break;
      case "message":
        this.showText(frame);
        showUnderstood(this.understood, frame.understood, frame.outcome, this);
        showSources(this.end, frame.sources, this);
        this.showPage(frame.page);
        this.showSuggestions(frame.suggestions, frame.outcome);
        this.showFeedback(frame);
        this.showCopy();
        break;
      case "stopped":
        this.settle(this.strings.stopped, "quiet");
        break;
      case "error":
        this.fail(frame.reason, frame.message.replaceAll("`", ""));
        this.showSuggestions(frame.suggestions);
        break;
    }
  }

  /** An answer from the history. */
  showPast(past) {
    const { outcome, sources, tools, understood, result, suggestions, page } = past;
    for (const tool of tools) {
      this.addStep(tool);
      this.endStep(tool);
    }
    this.showText(past);
    if (outcome === "stopped") this.settle(this.strings.stopped, "quiet");
    else if (outcome === "error") this.fail(past.trouble, this.strings.not_answered);
    showUnderstood(this.understood, understood, result, this);
    showSources(this.end, sources, this);
    this.showPage(page);
    this.showSuggestions(suggestions, result);
    this.showFeedback(past);
    this.showCopy();
  }

  // --- steps

  addStep({ tool, arguments: given }) {
    const words = Object.entries(given ?? {})
      .filter(([, value]) => value !== "" && value !== null && !(Array.isArray(value) && !value.length))
      .map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`);
    const step = element("li", {}, element("code", {}, tool), words.length ? ` ${words.join(", ")}` : "");
    this.stepList.append(step);
    this.steps.hidden = false;
    this.stepCount.textContent = `(${this.stepList.children.length})`;
  }

  endStep({ ok, fetched_at: fetchedAt, error }) {
    const step = this.stepList.lastElementChild;
    if (!step) return;
    const outcome = ok ? moment(fetchedAt) : `${this.strings.failed_step}${error ? `: ${error}` : ""}`;
    step.append(" ", element("span", { class: ok ? "quiet" : "problem" }, outcome));
    this.progress.textContent = this.strings.thinking;
  }

  // --- the end

  showText({ html, facts, tables, logs, sources }) {
    this.growing.end();
    this.text.classList.remove("streaming");
    this.text.innerHTML = html;
    showFacts(this.text, facts, sources, this);
    showTables(this.text, tables, this);
    showCode(this.text, logs, this.strings);
    this.finish();
  }

  settle(message, kind) {
    this.end.append(element("p", { class: kind }, message, " ",
      element("button", { type: "button", class: "plain", onclick: this.askAgain }, this.strings.again)));
    this.finish();
  }

  /** Why the answer is not whole: before its text when the server died, for that was all of it. */
  fail(trouble, message) {
    this.settle(this.strings.troubles[trouble] ?? message, "problem");
    if (trouble === "interrupted") this.text.before(this.end.lastElementChild);
  }

  finish() {
    this.progress.hidden = true;
    this.root.removeAttribute("aria-busy");
  }

  /** The page that has all of what the answer lists. */
  showPage(page) {
    if (page) this.end.append(element("p", {}, element("a", { href: page }, this.strings.all_memories)));
  }

  /** What may be asked next; of a question back, the answers to choose from. */
  showSuggestions(suggestions, outcome) {
    if (!suggestions?.length) return;
    this.end.append(element("div", { class: "suggestions" },
      element("h2", {}, outcome === "ask" ? this.strings.did_you_mean : this.strings.suggestions),
      ...suggestions.map((text) => element("button", { type: "button", onclick: () => (outcome === "ask" ? this.choose : this.ask)(text) }, text))));
  }

  /** Beside the thumbs, where there are any. */
  showCopy() {
    const copy = copyButton(this.strings.copy_answer, this.strings, () => wordsOf(this.text));
    (this.feedback?.row ?? this.end).append(copy);
  }

  /** What the reader may say of it: whether it helped and, of an explained failure, what fixed it. */
  showFeedback({ memory_id: memoryId, rating, failure }) {
    if (failure) this.end.append(whatFixedIt(this.strings, failure, this.tellFix));
    if (!memoryId) return;
    this.feedback = new Feedback(this.strings, memoryId, rating, this.rate);
    this.end.append(this.feedback.root);
  }
}
