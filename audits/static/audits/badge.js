// How many wait for a reviewer, beside the queue in the sidebar of every page of the console.
"use strict";

(() => {
  const EVERY = 15_000;

  async function show() {
    const link = document.querySelector('#nav-sidebar-apps a[href$="/audits/auditrecord/"]');
    if (!link || document.visibilityState !== "visible") return;
    let waiting;
    try {
      const answer = await fetch(`${link.href}waiting/`, { credentials: "same-origin" });
      if (!answer.ok) return;
      ({ waiting } = await answer.json());
    } catch {
      return; // the server is away for a moment: the next turn tells
    }
    const badge = link.querySelector("[data-badge]") || link.appendChild(document.createElement("b"));
    badge.dataset.badge = "";
    badge.hidden = !waiting;
    if (badge.textContent !== waiting) badge.textContent = waiting;
  }

  setInterval(show, EVERY);
  document.addEventListener("visibilitychange", show);
})();
