// Where an answer comes from, below it: a sentence for each moment at which the plan was read, and
// the memories that it quotes.

import { element, fill, moment } from "./dom.js";

/** "Plan of PROD, read 14:48:33: failed jobs; log of JOB_A" */
function ofThePlan(group, strings) {
  const [{ label, what, engine, fetched_at: at }] = group;
  const head = what ? label.slice(0, label.length - what.length).replace(/:\s*$/, "") : labelOf(label, engine);
  const asked = group.map((one) => one.what).filter(Boolean);
  return element("li", { class: "source hwa" },
    element("span", { class: "kind" }, "HWA"),
    element("span", { class: "label" }, head, at ? ", " : "",
      at ? element("time", { datetime: at }, fill(strings.read, { time: moment(at) })) : null,
      asked.length ? `: ${asked.join("; ")}` : ""));
}

/** A reading names its engine, also when its label does not. */
function labelOf(label, engine) {
  return engine && !label.includes(engine) ? `${engine} · ${label}` : label;
}

function ofAMemory(source, strings, openMemory) {
  const open = () => openMemory(source);
  return element("li", { class: "source memory" },
    element("span", { class: "kind" }, strings.memory),
    openMemory ? element("button", { type: "button", class: "thing label", onclick: open }, source.label)
      : element("span", { class: "label" }, source.label),
    source.trust ? element("span", { class: `trust ${source.trust}` }, strings[source.trust] ?? source.trust) : null);
}

/** Readings of the same plan at the same time are one sentence. */
function grouped(sources) {
  const groups = new Map();
  for (const source of sources) {
    const key = source.what ? `${source.engine} ${source.fetched_at}` : source.ref;
    groups.set(key, [...(groups.get(key) ?? []), source]);
  }
  return [...groups.values()];
}

export function showSources(end, sources, { strings, openMemory }) {
  if (!sources?.length) return;
  const read = grouped(sources.filter((one) => one.kind !== "memory"));
  const quoted = sources.filter((one) => one.kind === "memory");
  end.append(element("div", { class: "sources" }, element("h2", {}, strings.sources), element("ul", {},
    ...read.map((group) => ofThePlan(group, strings)),
    ...quoted.map((source) => ofAMemory(source, strings, openMemory)))));
}
