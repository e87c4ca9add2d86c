// Where a question is written. A draft stays with its conversation until it is asked: a reload, a
// switch of the language and a lost sign-in keep it. ↑ in an empty field recalls earlier questions.

import { byId, fill } from "./dom.js";

export class Composer {
  /** `draftOf()` names the conversation; `earlier()` lists its questions, oldest first. */
  constructor({ strings, longest, draftOf, earlier, asked }) {
    Object.assign(this, { strings, longest, draftOf, earlier, asked });
    this.input = byId("question");
    this.recalled = null; // which of the earlier questions stands in the field
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("input", () => {
      this.recalled = null;
      this.fit();
    });
    this.input.addEventListener("keydown", (event) => this.pressed(event));
  }

  pressed(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (["ArrowUp", "ArrowDown"].includes(event.key) && this.mayRecall()) {
      event.preventDefault();
      this.recall(event.key === "ArrowUp" ? -1 : 1);
    }
  }

  /** Never over something that was typed. */
  mayRecall() {
    return this.input.value === "" || this.recalled !== null;
  }

  recall(step) {
    const questions = this.earlier();
    const wanted = Math.max(0, (this.recalled ?? questions.length) + step);
    this.fillIn(questions[wanted] ?? "");
    this.recalled = wanted < questions.length ? wanted : null;
  }

  submit() {
    const text = this.input.value;
    if (!text.trim() || text.length > this.longest) return;
    this.forgetDraft();
    this.fillIn("");
    this.asked(text);
  }

  fillIn(text) {
    this.input.value = text;
    this.recalled = null;
    this.fit();
    this.input.focus();
  }

  fit() {
    const { input, longest } = this;
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 200)}px`;
    const tooLong = input.value.length > longest;
    const near = input.value.length > longest * 0.9;
    byId("count").textContent = near ? ` ${fill(this.strings.characters, { count: input.value.length, longest })}` : "";
    input.setAttribute("aria-invalid", String(tooLong));
    byId("send").disabled = tooLong;
    this.keepDraft();
  }

  // --- the draft, in this tab

  keepDraft() {
    if (this.input.value) sessionStorage.setItem(this.draftOf(), this.input.value);
    else this.forgetDraft();
  }

  forgetDraft() {
    sessionStorage.removeItem(this.draftOf());
  }

  draft() {
    return sessionStorage.getItem(this.draftOf()) ?? "";
  }
}
