// The list of conversations: search, rename, pin, export, delete and undo. Other pages' changes come
// over the socket, which asks for `refresh`.

import { call } from "./api.js";
import { byId, element, fill, moment } from "./dom.js";

const PATH = "/api/conversations";
const UNDO_SECONDS = 12;
const SEARCH_AFTER = 250; // milliseconds without a key

export class Conversations {
  /** `current()` is the id of the conversation on the page; `titled(title)` hears its title. */
  constructor({ strings, agents, agent, items, current, titled }) {
    Object.assign(this, { strings, agents, agent, current, titled });
    this.list = byId("conversations");
    this.search = byId("search");
    this.toast = byId("toast");
    this.show(items);
    let typing = 0;
    this.search.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => this.refresh(), SEARCH_AFTER);
    });
    document.addEventListener("click", (event) => this.closeMenus(event.target));
    this.list.addEventListener("keydown", (event) => {
      const menu = event.target.closest("details[open]");
      if (event.key !== "Escape" || !menu) return;
      event.stopPropagation();
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    this.offerUndo();
  }

  async refresh() {
    const query = this.search.value.trim();
    const asked = `${PATH}?query=${encodeURIComponent(query)}`;
    this.asked = asked;
    const { items } = await call("GET", asked).catch(() => ({ items: null }));
    if (!items || this.asked !== asked) return; // an older search's
    this.show(items, query);
    if (this.mine && !query && !items.some((one) => one.id === this.current())) this.lookAfter(this.mine);
  }

  /** The conversation on the page has left the list: other ones pushed it out, or it was deleted elsewhere. */
  async lookAfter(one) {
    this.mine = null;
    const status = await call("GET", `${PATH}/${one.id}/exchanges`).then(() => 200, (error) => error.status);
    if (status === 404) this.undoable(one);
  }

  undoable(deleted) {
    sessionStorage.setItem("deleted", JSON.stringify({ ...deleted, until: Date.now() + UNDO_SECONDS * 1000 }));
    this.offerUndo();
  }

  show(items, query = "") {
    if (this.list.querySelector("form, details[open]")) { // somebody is at work in it
      this.waiting = () => this.show(items, query);
      return;
    }
    this.waiting = null;
    const what = JSON.stringify([items, query, this.current()]);
    if (what === this.shown) return;
    this.shown = what;
    const focused = document.activeElement?.closest?.("[data-id]")?.dataset.id;
    this.list.replaceChildren(...items.map((one) => this.item(one)));
    if (focused) this.list.querySelector(`[data-id="${focused}"] a`)?.focus();
    byId("no-conversation").hidden = items.length > 0;
    byId("no-conversation").textContent = query ? this.strings.none_found : this.strings.none_yet;
    const mine = items.find((one) => one.id === this.current());
    if (!mine) return;
    this.mine = mine;
    this.titled(mine.title);
  }

  /** Show what came while somebody was at work in the list. */
  settled() {
    this.waiting?.();
  }

  address({ id, agent }) {
    return `/chat/${encodeURIComponent(agent)}/?conversation=${id}`;
  }

  item(one) {
    const about = [this.agents[one.agent] ?? one.agent, moment(one.updated_at, "short")];
    const pin = one.is_pinned ? [element("span", { class: "pin", "aria-hidden": "true" }, "★ "),
      element("span", { class: "hidden" }, `${this.strings.pinned}: `)] : [];
    const link = element("a", { href: this.address(one), title: one.title,
      "aria-current": one.id === this.current() ? "true" : null },
      element("span", { class: "title" }, ...pin, one.title), element("small", {}, about.join(" · ")));
    return element("li", { "data-id": one.id }, link, this.menu(one));
  }

  menu(one) {
    const action = (words, act) => element("button", { type: "button", class: "plain", onclick: act }, words);
    const file = (words, format) => element("a",
      { href: `${PATH}/${one.id}/export?format=${format}`, download: "", onclick: () => { menu.open = false; } }, words);
    const menu = element("details", { class: "menu" },
      element("summary", { "aria-label": fill(this.strings.more_of, { title: one.title }) }, "⋯"),
      element("div", {},
        action(this.strings.rename, () => this.rename(one, menu)),
        action(one.is_pinned ? this.strings.unpin : this.strings.pin, () => this.change(one, { is_pinned: !one.is_pinned })),
        file(this.strings.export_markdown, "markdown"),
        file(this.strings.export_json, "json"),
        action(this.strings.delete, () => this.delete(one))));
    menu.addEventListener("toggle", () => { if (!menu.open) this.settled(); });
    return menu;
  }

  closeMenus(target) {
    for (const menu of this.list.querySelectorAll("details[open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
  }

  rename(one, menu) {
    const title = element("input", { value: one.title, maxlength: 200, required: true, "aria-label": this.strings.new_title });
    const form = element("form", { class: "rename" }, title,
      element("button", { class: "primary" }, this.strings.save));
    const row = menu.parentElement;
    const was = [...row.childNodes];
    const close = () => {
      row.replaceChildren(...was);
      menu.open = false;
      menu.querySelector("summary").focus();
      this.settled();
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!title.value.trim()) return;
      close();
      await this.change(one, { title: title.value });
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
    });
    row.replaceChildren(form);
    title.select();
  }

  async change(one, wanted) {
    await this.do(() => call("PATCH", `${PATH}/${one.id}`, wanted));
  }

  async delete(one) {
    const isCurrent = one.id === this.current();
    await this.do(async () => {
      if (isCurrent) this.mine = null;
      await call("DELETE", `${PATH}/${one.id}`);
      this.undoable({ ...one, isCurrent }); // also on the page that follows
      if (isCurrent) location.assign(`/chat/${encodeURIComponent(this.agent.id)}/`);
    });
  }

  async do(act) {
    this.closeMenus(null);
    try {
      await act();
      await this.refresh();
    } catch (error) {
      this.say(fill(this.strings.not_done, { reason: error.message }));
    }
  }

  say(words, ...more) {
    this.toast.replaceChildren(words, " ", ...more);
    this.toast.hidden = false;
  }

  /** What was deleted a moment ago, here or on the page before, can be had back. */
  offerUndo() {
    const deleted = JSON.parse(sessionStorage.getItem("deleted") ?? "null");
    if (!deleted || deleted.until < Date.now()) return;
    const undo = () => this.do(async () => {
      sessionStorage.removeItem("deleted");
      await call("POST", `${PATH}/${deleted.id}/restore`);
      this.toast.hidden = true;
      if (deleted.isCurrent) location.assign(this.address(deleted));
    });
    this.say(fill(this.strings.deleted, { title: deleted.title }),
      element("button", { type: "button", class: "plain", onclick: undo }, this.strings.undo));
    clearTimeout(this.fading);
    this.fading = setTimeout(() => { this.toast.hidden = true; }, deleted.until - Date.now());
  }
}
