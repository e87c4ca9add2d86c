// How a question was understood, above its answer: each condition can be left out, which asks again
// without it, and words that were not used are said.

import { element, fill } from "./dom.js";

/** `leaveOut(part, text)` asks the question less that part; `text` is what is left of it. */
export function showUnderstood(place, understood, outcome, { strings, leaveOut }) {
  place.replaceChildren();
  if (understood?.text) {
    const [before, after] = strings.understood.split("{how}");
    place.append(before, ...parts(understood, strings, leaveOut), after);
  }
  const said = [];
  if (understood?.unused?.length) said.push(fill(strings.unused, { words: understood.unused.join(", ") }));
  if (strings.outcomes[outcome]) said.push(strings.outcomes[outcome]);
  if (said.length) place.append(" ", element("span", { class: "left" }, said.join(" ")));
  place.hidden = !place.textContent;
}

function parts({ parts: all, removable }, strings, leaveOut) {
  return all.flatMap((words, n) => {
    const rest = all.filter((_, other) => other !== n).join(" · ");
    const label = fill(strings.leave_out, { words });
    const shown = removable?.includes(n) && leaveOut
      ? element("span", { class: "condition" }, words,
        element("button", { type: "button", class: "leave-out", "aria-label": label, title: label, onclick: () => leaveOut(n, rest) },
          element("span", { "aria-hidden": "true" }, "\u2715")))
      : words;
    return n ? [" · ", shown] : [shown];
  });
}
