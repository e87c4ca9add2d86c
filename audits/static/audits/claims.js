// A claim that has the focus, or the pointer on it, lights the very fields that it rests on.
"use strict";

(() => {
  const page = document.getElementById("record");
  if (!page) return;

  const at = (place) => document.getElementById(`at-${place}`);

  function darken() {
    for (const lit of page.querySelectorAll(".rc-lit")) lit.classList.remove("rc-lit");
    for (const row of page.querySelectorAll(".rc-lit-row")) row.classList.remove("rc-lit-row");
  }

  function light(claim) {
    darken();
    const places = (claim.dataset.at || "").split(" ").filter(Boolean).map(at).filter(Boolean);
    for (const place of places) {
      place.classList.add("rc-lit");
      const row = place.closest("tr, .rc-log > div");
      if (row) row.classList.add("rc-lit-row");
    }
    return places[0];
  }

  // Opened and scrolled to inside its own box: the page stays where the reader is.
  function show(place) {
    for (let box = place.closest("details"); box; box = box.parentElement.closest("details")) {
      box.open = true;
    }
    place.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  const claimOf = (event) => event.target.closest("a.rc-claim");

  page.addEventListener("focusin", (event) => {
    const claim = claimOf(event);
    const first = claim && light(claim);
    if (first) show(first);
  });
  page.addEventListener("focusout", darken);
  page.addEventListener("pointerover", (event) => {
    const claim = claimOf(event);
    if (claim) light(claim);
  });
  page.addEventListener("pointerout", (event) => {
    if (claimOf(event)) darken();
  });
  page.addEventListener("click", (event) => {
    const claim = claimOf(event);
    if (!claim) return;
    event.preventDefault();
    const said = page.querySelector(`#answer a[data-claim="${claim.dataset.claim}"]`);
    if (!claim.dataset.at && said) said.focus();
    else claim.focus();
  });
})();
