// The frame of every page of the console: how many wait for a reviewer, its look, its names.
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

  // unfold asks for the system's look once, when a page is loaded; ours follows it.
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => {
    const chosen = JSON.parse(localStorage.getItem("adminTheme") || '"auto"');
    if (chosen === "auto") document.documentElement.classList.toggle("dark", dark.matches);
  });

  // What scrolls is a region of its own to who hears the page: each with its own name.
  document.addEventListener("DOMContentLoaded", () => {
    const sidebar = document.getElementById("nav-sidebar-apps");
    if (!sidebar) return;
    const groups = [...sidebar.querySelectorAll("h2")].map((group) => group.textContent.trim());
    sidebar.dataset.simplebarAriaLabel = groups.join(", ");
  });

  // What unfold makes clickable is often no button: it is made one to who uses the keyboard, and
  // has a name where it is but an icon.
  document.addEventListener("DOMContentLoaded", () => {
    const { menu, theme } = document.getElementById("page")?.dataset ?? {};
    const names = { dock_to_right: menu, close: menu, more_vert: menu, computer: theme, dark_mode: theme, light_mode: theme };
    for (const one of document.querySelectorAll("[x-on\\:click]:not(button, input, summary, [href])")) {
      const words = one.textContent.trim();
      if (!words || one.querySelector("a, button, input")) continue; // what is in it has its own
      one.tabIndex = 0;
      one.setAttribute("role", "button");
      if (names[words]) one.setAttribute("aria-label", names[words]);
      for (const icon of one.querySelectorAll(".material-symbols-outlined")) icon.ariaHidden = "true";
      one.addEventListener("keydown", (event) => {
        if (!["Enter", " "].includes(event.key)) return;
        event.preventDefault();
        one.click();
        requestAnimationFrame(() => follow(one));
      });
    }
  });

  /** The menu of a small window lies over what opens it: the focus goes with it. */
  function follow(pressed) {
    const both = [...document.querySelectorAll('[x-on\\:click^="sidebarMobileOpen"]')];
    if (both.includes(pressed)) both.find((one) => one !== pressed && one.checkVisibility())?.focus();
  }

  setInterval(show, EVERY);
  document.addEventListener("visibilitychange", show);
})();
