// What became of answers that this user was shown, in any conversation, until it was read.

import { call } from "./api.js";
import { byId, element } from "./dom.js";
import { fateParts } from "./exchange.js";

const PATH = "/api/conversations/taken-back";

export class TakenBack {
  constructor(strings) {
    this.strings = strings;
    this.root = byId("taken-back");
  }

  async refresh() {
    const { items } = await call("GET", PATH).catch(() => ({ items: null }));
    if (items) this.show(items);
  }

  show(items) {
    this.root.hidden = items.length === 0;
    if (!items.length) return;
    const seen = async () => {
      const { items: left } = await call("POST", `${PATH}/told`, { runs: items.map((one) => one.run_id) })
        .catch(() => ({ items }));
      this.show(left);
    };
    this.root.replaceChildren(
      element("h2", {}, `${this.strings.taken_back} (${items.length})`),
      element("ul", {}, ...items.map((one) => element("li", {},
        element("a", { href: `/chat/${encodeURIComponent(one.agent)}/?conversation=${one.conversation}#run-${one.run_id}` }, one.question),
        ...fateParts(this.strings, one)))),
      element("button", { type: "button", onclick: seen }, this.strings.seen));
  }
}
