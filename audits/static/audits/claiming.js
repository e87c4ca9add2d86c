// An open record is its reader's while they are at work; who is at what is shown live.
"use strict";

(() => {
  const EVERY = 15_000, IDLE = 60_000;
  const claim = document.getElementById("claim");
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;
  let activeAt = Date.now();

  for (const kind of ["pointermove", "keydown", "scroll", "focus"]) {
    window.addEventListener(kind, () => { activeAt = Date.now(); }, { passive: true });
  }
  const isActive = () => document.visibilityState === "visible" && Date.now() - activeAt < IDLE;

  async function asked(address, body) {
    try {
      const answer = await fetch(address, {
        method: body ? "POST" : "GET", body, credentials: "same-origin",
        headers: body ? { "X-CSRFToken": token() } : {},
      });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null; // the server is away for a moment: the next turn tells
    }
  }

  // --- one record ---

  function showClaim({ mine, by, decided }) {
    claim.hidden = !(mine || by || decided);
    claim.className = mine ? "rc-mine" : "rc-claimed";
    const text = decided || (mine ? claim.dataset.mine.replace("%s", mine)
      : claim.dataset.theirs.replace("%s", by));
    if (!claim.hidden && claim.textContent !== text) claim.textContent = text;
    for (const button of document.querySelectorAll("#decide button, #edit button")) {
      button.disabled = Boolean(by || decided) && button.id !== "takeover";
    }
    const takeover = document.getElementById("takeover");
    if (takeover) takeover.hidden = !by;
  }

  async function keepClaim() {
    const renews = claim.dataset.claims && isActive();
    const state = await asked(claim.dataset.url, renews ? new FormData() : null);
    if (state && !(state.decided && !claim.dataset.claims)) showClaim(state);
  }

  if (claim) {
    keepClaim();
    setInterval(keepClaim, EVERY);
    window.addEventListener("pagehide", () => {
      const body = new FormData();
      body.set("release", "1");
      body.set("csrfmiddlewaretoken", claim.dataset.claims ? token() : "");
      if (claim.dataset.claims) navigator.sendBeacon(claim.dataset.url, body);
    });
    return;
  }

  // --- the list ---

  const marks = [...document.querySelectorAll(".rc-claimed[data-record]")];

  async function showClaims() {
    if (document.visibilityState !== "visible" || !marks.length) return;
    const ids = marks.map((mark) => mark.dataset.record).join(",");
    const state = await asked(`${document.querySelector("[data-claims-url]").dataset.claimsUrl}?ids=${ids}`);
    if (!state) return;
    for (const mark of marks) {
      const who = state.claims[mark.dataset.record];
      mark.hidden = !who;
      if (who) mark.textContent = mark.dataset.text.replace("%s", who);
    }
  }
  setInterval(showClaims, EVERY);
})();
