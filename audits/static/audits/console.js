// The review console's keys: a letter chooses a decision, Enter makes it.
"use strict";

(() => {
  const page = document.getElementById("record");
  if (!page) return;

  const form = document.getElementById("decide");
  const help = document.getElementById("help");
  const edit = document.getElementById("edit");
  const corrected = document.getElementById("corrected");
  const armed = document.getElementById("armed");
  const note = document.getElementById("note");
  const reason = document.getElementById("reason_code");

  const isWriting = (element) => element.matches("input, textarea, select");

  // A chosen button has the focus, so that Enter presses it without any code of ours.
  function choose(button) {
    button.focus();
    const label = button.firstChild.textContent.trim();
    armed.textContent = armed.dataset.text.replace("%s", label);
    button.addEventListener("blur", () => { armed.textContent = ""; }, { once: true });
  }

  function openEditor() {
    edit.open = true;
    corrected.focus();
  }

  const go = (address) => { if (address) window.location.assign(address); };

  function press(key) {
    const button = form && form.querySelector(`button[data-key="${CSS.escape(key)}"]`);
    if (button) return choose(button);
    if (key === "?") return help.showModal();
    if (key === "j") return go(page.dataset.next);
    if (key === "k") return go(page.dataset.previous);
    if (key === "q") return go(page.dataset.list);
    if (!form) return undefined;
    if (key === "e" && edit) return openEditor();
    if (key === "n" && note) return note.focus();
    if (/^[1-9]$/.test(key) && reason) reason.selectedIndex = Number(key);
    return undefined;
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey || event.metaKey || help.open) return;
    if (event.key === "Escape") return void document.activeElement.blur();
    if (event.ctrlKey) {
      if (event.key === "Enter" && document.activeElement === corrected) {
        form.requestSubmit(form.querySelector('button[value="correct"]'));
      }
      return;
    }
    if (isWriting(event.target) || event.key.length !== 1) return;
    if ("?jkqenarsuc123456789".includes(event.key)) {
      event.preventDefault();
      press(event.key);
    }
  });

  page.querySelector("[data-open-help]").addEventListener("click", () => help.showModal());
  if (!form) return;

  // Enter in the note must not press the first button of the form, which would approve.
  if (note) {
    note.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      note.blur();
    });
  }

  // Nobody decides the same record twice by pressing Enter twice.
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    return undefined;
  });
  window.addEventListener("pageshow", () => { delete form.dataset.sent; });

  if (!corrected) return;
  const diff = document.getElementById("diff");
  let waiting;

  async function preview() {
    const body = new FormData();
    body.set("corrected_response", corrected.value);
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(form.dataset.diff, {
      method: "POST", body, headers: { "X-CSRFToken": token }, credentials: "same-origin",
    });
    if (answer.ok) diff.innerHTML = await answer.text(); // our own template, everything escaped
  }

  corrected.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(preview, 300);
  });
  if (edit.open) preview();
})();
