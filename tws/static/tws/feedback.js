// What a reader thinks of an answer: a thumb; for a wrong one the reason and a comment. A second press
// on the thumb takes it back. Ctrl+Enter sends.

import { element } from "./dom.js";

const GOOD = 5;
const WRONG = 1;

/** A form that Ctrl+Enter sends and Escape leaves. */
export function smallForm(attributes, { send, close }, ...children) {
  const form = element("form", attributes, ...children);
  form.addEventListener("click", (event) => {
    if (event.detail > 1) event.preventDefault(); // of a double click on what opened it, which lands on "Send"
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
  });
  return form;
}

export class Feedback {
  /** `send(feedback)` gives word to the server; false: it is out of reach. */
  constructor(strings, memoryId, given, send) {
    Object.assign(this, { strings, memoryId, tell: send });
    this.good = this.thumb("good", strings.good, () => this.rate(GOOD));
    this.wrong = this.thumb("wrong", strings.wrong, () => this.askWhatIsWrong());
    this.thanks = element("span", { class: "quiet", role: "status" });
    this.row = element("div", { class: "feedback" }, this.good, this.wrong, this.thanks);
    this.root = element("div", { class: "feedback-part" }, this.row);
    this.mark(given);
  }

  thumb(kind, label, press) {
    const act = () => (thumb.getAttribute("aria-pressed") === "true" ? this.takeBack() : press());
    const thumb = element("button", { type: "button", class: `thumb ${kind}`, "aria-label": label, title: label, onclick: act });
    return thumb;
  }

  mark(rating) {
    this.good.setAttribute("aria-pressed", String(rating >= 3));
    this.wrong.setAttribute("aria-pressed", String(Boolean(rating) && rating < 3));
  }

  rate(rating, more = {}) {
    const words = rating === GOOD ? this.strings.thanks_good : this.strings.thanks;
    this.send({ type: "feedback", memory_id: this.memoryId, rating, ...more }, rating, words);
  }

  takeBack() {
    this.send({ type: "unrate", memory_id: this.memoryId }, null, this.strings.taken_back_rating);
  }

  send(frame, rating, words) {
    const isSent = this.tell(frame);
    this.thanks.textContent = isSent ? words : this.strings.lost;
    if (!isSent) return;
    this.mark(rating);
    this.form?.remove();
  }

  askWhatIsWrong() {
    this.form?.remove();
    const { strings } = this;
    const name = `reason-${this.memoryId}`;
    const reasons = Object.entries(strings.reasons).map(([value, words]) =>
      element("label", {}, element("input", { type: "radio", name, value }), ` ${words}`));
    const comment = element("textarea", { rows: 2, maxlength: 10_000, "aria-label": strings.what_is_wrong, placeholder: strings.what_is_wrong });
    const close = () => { this.form.remove(); this.wrong.focus(); };
    const send = () => {
      const reason = this.form.querySelector(":checked")?.value ?? "";
      this.rate(WRONG, { comment: comment.value, reason });
    };
    this.form = smallForm({ class: "small-form" }, { send, close },
      element("fieldset", {}, element("legend", {}, strings.why_wrong), ...reasons), comment,
      element("div", { class: "buttons" },
        element("button", { class: "primary" }, strings.send_feedback),
        element("button", { type: "button", class: "plain", onclick: close }, strings.cancel),
        element("span", { class: "quiet" }, strings.ctrl_enter)));
    this.root.append(this.form);
    this.form.scrollIntoView({ block: "nearest" });
    this.form.querySelector("input").focus();
  }
}
