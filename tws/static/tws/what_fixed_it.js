// After a failure was explained: its cause and what was done become a memory that a reviewer decides on.

import { call } from "./api.js";
import { element, fill } from "./dom.js";
import { smallForm } from "./feedback.js";

/** A button that opens the form; `told({cause, done})` is awaited. */
export function whatFixedIt(strings, failure, told) {
  const said = element("p", { class: "quiet", role: "status" });
  const open = element("button", { type: "button", class: "plain", onclick: () => show() },
    fill(strings.what_fixed, { job: failure.job }));
  const field = () => element("textarea", { rows: 2, maxlength: 5000, required: true });
  const [cause, done] = [field(), field()];
  const show = () => { root.append(form); cause.focus(); form.scrollIntoView({ block: "nearest" }); };
  const close = () => { form.remove(); open.focus(); };
  const send = async () => {
    try {
      await told({ cause: cause.value, done: done.value });
      form.remove();
      said.textContent = strings.fix_thanks;
    } catch (error) {
      said.textContent = fill(strings.not_done, { reason: error.message });
    }
  };
  const form = smallForm({ class: "small-form" }, { send, close },
    element("label", {}, strings.cause, cause), element("label", {}, strings.what_was_done, done),
    element("div", { class: "buttons" },
      element("button", { class: "primary" }, strings.send_feedback),
      element("button", { type: "button", class: "plain", onclick: close }, strings.cancel),
      element("span", { class: "quiet" }, strings.fix_is_reviewed)));
  const root = element("div", { class: "what-fixed-it" }, open, said);
  return root;
}

export function tellFix(conversation, runId, fix) {
  return call("POST", `/api/conversations/${conversation}/fixes`, { run_id: runId, ...fix });
}
