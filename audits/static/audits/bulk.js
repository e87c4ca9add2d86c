// How far a bulk decision has come, while it is under way.
"use strict";

(() => {
  const page = document.getElementById("bulk");
  if (!page || !page.dataset.progress) return;

  async function look() {
    let told = null;
    try {
      const answer = await fetch(page.dataset.progress, { credentials: "same-origin" });
      told = answer.ok ? await answer.json() : null;
    } catch {
      // the server is away for a moment: the next turn tells
    }
    if (told && told.over) return void window.location.reload();
    if (told) {
      document.getElementById("bar").value = told.at;
      document.getElementById("at").textContent = told.at;
    }
    setTimeout(look, 1000);
  }
  setTimeout(look, 500);
})();
