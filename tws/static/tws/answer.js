// One answer: its steps while it works, its text while it streams, then how the question was
// understood, its sources, what may be asked next and the buttons for feedback. Only `html`, which the server has cleaned, is ever taken as HTML.

import { copyButton, showCode } from "./copying.js";
import { element, fill, moment } from "./dom.js";
import { showFacts } from "./facts.js";
import { GrowingText } from "./markdown.js";
import { showSources } from "./sources.js";
import { showTables } from "./tables.js";
import { showUnderstood } from "./understood.js";

const GOOD = 5;
const WRONG = 1;

export class Answer {
  /**
   * `fetchRows(table, wanted)` gives more rows of a table, `openThing` shows an object's card,
   * `openMemory(source)` a memory that it was given from,
   * `leaveOut(part, text)` asks the question again without one of its conditions.
   */
  constructor(strings, { rate, askAgain, suggest, fetchRows, openThing, openMemory, leaveOut }) {
    Object.assign(this, { strings, rate, askAgain, suggest, fetchRows, openThing, openMemory, leaveOut });
    this.progress = element("p", { class: "progress" }, strings.thinking);
    this.understood = element("p", { class: "understood quiet", hidden: true });
    this.text = element("div", { class: "text streaming" });
    this.growing = new GrowingText(this.text);
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
        this.progress.hidden = true;
        this.growing.add(frame.message);
        break;
      case "message":
        this.showText(frame);
        showUnderstood(this.understood, frame.understood, frame.outcome, this);
        showSources(this.end, frame.sources, this);
        this.showSuggestions(frame.suggestions);
        this.showFeedback(frame.memory_id, null);
        this.showCopy();
        break;
      case "stopped":
        this.settle(this.strings.stopped, "quiet");
        break;
      case "error":
        this.settle(frame.message.replaceAll("`", ""), "problem");
        break;
    }
  }

  /** An answer from the history. */
  showPast(past) {
    const { outcome, sources, tools, memory_id: memoryId, rating, understood, result, suggestions } = past;
    for (const tool of tools) {
      this.addStep(tool);
      this.endStep(tool);
    }
    this.showText(past);
    if (outcome === "stopped") this.settle(this.strings.stopped, "quiet");
    else if (outcome === "error") this.settle(this.strings.not_answered, "problem");
    showUnderstood(this.understood, understood, result, this);
    showSources(this.end, sources, this);
    this.showSuggestions(suggestions);
    this.showFeedback(memoryId, rating);
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

  finish() {
    this.progress.hidden = true;
    this.root.removeAttribute("aria-busy");
  }

  showSuggestions(suggestions) {
    if (!suggestions?.length) return;
    this.end.append(element("div", { class: "suggestions" },
      element("h2", {}, this.strings.suggestions),
      ...suggestions.map((text) => element("button",
        { type: "button", class: "plain", onclick: () => this.suggest(text) }, text))));
  }

  /** Beside the thumbs, where there are any. */
  showCopy() {
    const copy = copyButton(this.strings.copy_answer, this.strings, () => this.text.innerText);
    (this.feedback ?? this.end).append(copy);
  }

  // --- feedback

  showFeedback(memoryId, rating) {
    if (!memoryId) return;
    this.memoryId = memoryId;
    this.good = this.thumb("good", this.strings.good, () => this.send(GOOD, ""));
    this.wrong = this.thumb("wrong", this.strings.wrong, () => this.askWhatIsWrong());
    this.thanks = element("span", { class: "quiet", role: "status" });
    this.feedback = element("div", { class: "feedback" }, this.good, this.wrong, this.thanks);
    this.end.append(this.feedback);
    if (rating) this.mark(rating);
  }

  thumb(kind, label, onclick) {
    return element("button", { type: "button", class: `thumb ${kind}`, "aria-label": label, title: label,
      "aria-pressed": "false", onclick });
  }

  mark(rating) {
    this.good.setAttribute("aria-pressed", String(rating >= 3));
    this.wrong.setAttribute("aria-pressed", String(rating < 3));
  }

  send(rating, comment) {
    if (!this.rate(this.memoryId, rating, comment)) {
      this.thanks.textContent = this.strings.lost;
      return;
    }
    this.mark(rating);
    this.form?.remove();
    this.thanks.textContent = rating === GOOD ? this.strings.thanks_good : this.strings.thanks;
  }

  askWhatIsWrong() {
    this.form?.remove();
    const comment = element("textarea", { rows: 2, maxlength: 10_000, "aria-label": this.strings.what_is_wrong,
      placeholder: this.strings.what_is_wrong });
    const close = () => { this.form.remove(); this.wrong.focus(); };
    this.form = element("form", { class: "what-is-wrong" }, comment,
      element("button", { class: "primary" }, this.strings.send_feedback),
      element("button", { type: "button", class: "plain", onclick: close }, this.strings.cancel));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(WRONG, comment.value);
    });
    this.form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { event.stopPropagation(); close(); }
    });
    this.end.append(this.form);
    this.form.scrollIntoView({ block: "nearest" });
    comment.focus();
  }
}
