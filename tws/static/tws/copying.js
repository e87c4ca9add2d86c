// Text on its way to the clipboard, and the buttons that put it there.

import { element } from "./dom.js";

/** navigator.clipboard exists on secure pages only. */
async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = element("textarea", { class: "hidden", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  const focused = document.activeElement;
  area.select();
  document.execCommand("copy");
  area.remove();
  focused?.focus();
}

/** A button that copies what `text()` gives, and says so for a moment. */
export function copyButton(label, strings, text) {
  const said = element("span", {}, label);
  const button = element("button", { type: "button", class: "plain copy", onclick: async () => {
    await copy(text());
    said.textContent = strings.copied;
    setTimeout(() => { said.textContent = label; }, 1500);
  } }, said);
  said.setAttribute("aria-live", "polite");
  return button;
}

/** The words of an answer as they are seen, without what only stands there to be pressed. */
export function wordsOf(root) {
  root.classList.add("copied");
  const words = root.innerText.trim();
  root.classList.remove("copied");
  return words;
}

/** Each block of code with a button of its own; a log with the zone of its times. */
export function showCode(root, logs, strings) {
  for (const code of root.querySelectorAll("pre")) {
    const log = logs?.find((one) => code.querySelector(`[data-log="${one.id}"]`));
    code.tabIndex = 0;
    const holder = element("div", { class: "code-block" });
    code.replaceWith(holder);
    holder.append(element("div", { class: "code-head" },
      log?.time_zone ? element("span", {}, strings.log_zone.replace("{zone}", log.time_zone)) : "",
      copyButton(strings.copy, strings, () => code.innerText.trimEnd())), code);
  }
}

/** A cell of CSV; what a spreadsheet would take for a formula is made text. */
function csvCell(words) {
  const text = /^[=+\-@\t\r]/.test(words) && !/^-?[\d.,]+$/.test(words) ? `'${words}` : words;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const asCsv = (rows) => rows.map((row) => row.map(csvCell).join(",")).join("\r\n");
export const asText = (rows) => rows.map((row) => row.join("\t")).join("\n");
