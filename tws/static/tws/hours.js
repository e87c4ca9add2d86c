// The next hours as bars: jobs to start, and how many of all deadlines fall into each.

import { element, fill, moment, number } from "./dom.js";

export function showHours(list, hours, { strings, askLink }) {
  const most = Math.max(1, ...hours.map((one) => one.starts + one.deadlines));
  list.replaceChildren(...hours.map(({ at, starts, deadlines, critical }, n) => {
    const time = clock(at);
    const to = clock(new Date(new Date(at).getTime() + 3_600_000).toISOString());
    const said = fill(strings.an_hour, { time, starts: number(starts), deadlines: number(deadlines), critical: number(critical) });
    const bar = (kind, count) => {
      const part = element("span", { class: kind });
      part.style.height = `${(100 * count) / most}%`;
      return part;
    };
    const content = [
      element("span", { class: "hidden" }, said),
      element("span", { class: "bar", "aria-hidden": "true" }, bar("deadlines", deadlines), bar("starts", starts)),
      element("span", { class: "figure", "aria-hidden": "true" }, starts + deadlines ? number(starts + deadlines) : ""),
      element("span", { class: "hour", "aria-hidden": "true" }, time),
    ];
    const question = n && starts ? fill(strings.ask_hour, { from: time, to }) : "";
    return element("li", { title: said, class: critical ? "critical" : null },
      question && askLink ? askLink(question, content) : element("span", {}, ...content));
  }));
}

/** 14:00, whatever the day. */
function clock(iso) {
  return moment(iso, "short").split(" ").at(-1);
}
