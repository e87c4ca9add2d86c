// The review console's keys. Each means one thing; what decides at once is asked for by a second key.
"use strict";

(() => {
  const page = document.getElementById("record");
  const form = document.getElementById("decide");
  const help = document.getElementById("help");
  const ask = document.getElementById("ask");
  const edit = document.getElementById("edit");
  const corrected = document.getElementById("corrected");
  const armed = document.getElementById("armed");
  const note = document.getElementById("note");

  const isWriting = (element) => element.matches("input, textarea, select, [contenteditable]");
  const go = (address) => { if (address) window.location.assign(address); };
  const button = (name, key) => document.querySelector(`button[data-${name}="${CSS.escape(key)}"]`);

  // A chosen button has the focus, so that Enter presses it without any code of ours.
  function choose(chosen) {
    chosen.focus();
    const label = chosen.firstChild.textContent.trim();
    armed.textContent = armed.dataset.text.replace("%s", label);
    chosen.addEventListener("blur", () => { armed.textContent = ""; }, { once: true });
  }

  function openEditor() {
    edit.hidden = false;
    corrected.focus();
    preview();
  }

  function openAsk() {
    if (note && note.value) ask.querySelector("[name=note]").value = note.value;
    ask.showModal();
  }

  // On the list j and k walk along the rows; Enter follows the link that has the focus.
  function walk(step) {
    const links = [...document.querySelectorAll("#result_list .field-question a")];
    const at = links.indexOf(document.activeElement);
    const next = links[Math.min(links.length - 1, Math.max(0, at + step))];
    if (next) next.focus();
  }

  function writeNote() {
    note.closest("details").open = true;
    note.focus();
  }

  function press(key) {
    if (button("key", key)) return choose(button("key", key));
    if (button("now", key)) return button("now", key).click();
    if (!page) return key === "j" ? walk(1) : key === "k" ? walk(-1) : undefined;
    if (key === "?") return help.showModal();
    if (key === "j") return go(page.dataset.next);
    if (key === "k") return go(page.dataset.previous);
    if (key === "q") return go(page.dataset.list);
    if (key === "r" && ask) return openAsk();
    if (key === "e" && edit) return openEditor();
    if (key === "n" && note) return writeNote();
    return undefined;
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || event.metaKey || (help && help.open)) return;
    if (ask && ask.open) {
      const reason = !isWriting(event.target) && button("digit", event.key);
      if (reason) reason.click();
      return;
    }
    if (event.key === "Escape") return void document.activeElement.blur();
    if (event.ctrlKey) {
      if (event.key === "Enter" && document.activeElement === corrected) {
        form.requestSubmit(document.querySelector('button[value="correct"]'));
      }
      return;
    }
    if (isWriting(event.target) || event.key.length !== 1) return;
    if ("?jkqenarsuc".includes(event.key)) {
      event.preventDefault();
      press(event.key);
    }
  });

  // Nobody decides the same record twice by pressing Enter twice.
  document.addEventListener("submit", (event) => {
    const sent = event.target;
    if (sent.method !== "post" || !sent.closest(".rc-record")) return;
    if (sent.dataset.sent) event.preventDefault();
    sent.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => {
    for (const sent of document.querySelectorAll("form[data-sent]")) delete sent.dataset.sent;
  });

  if (!page) return;
  page.querySelector("[data-open-help]").addEventListener("click", () => help.showModal());
  for (const opens of page.querySelectorAll("[data-ask]")) opens.addEventListener("click", openAsk);
  for (const opens of page.querySelectorAll("[data-edit]")) opens.addEventListener("click", openEditor);
  if (ask) {
    ask.querySelector("[data-close]").addEventListener("click", () => ask.close());
    // Enter in the note must not press the first reason.
    ask.querySelector("[name=note]").addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      ask.querySelector("[data-digit]").focus();
    });
  }
  // Enter in the note must not press the first button of the form, which would approve.
  if (note) {
    note.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      note.blur();
    });
  }
  if (!corrected) return;
  const diff = document.getElementById("diff");
  let waiting;

  async function preview() {
    const body = new FormData();
    body.set("corrected_response", corrected.value);
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(edit.dataset.diff, {
      method: "POST", body, headers: { "X-CSRFToken": token }, credentials: "same-origin",
    });
    if (answer.ok) diff.innerHTML = await answer.text(); // our own template, everything escaped
  }

  corrected.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(preview, 300);
  });
  if (!edit.hidden) preview();
})();
