// Small things that both pages need.

/** An element with attributes, properties and children; text is always text, never HTML. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** `"{count} jobs"` with the values put in. */
export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}

const language = document.documentElement.lang || "en";
const timeZone = document.documentElement.dataset.timeZone; // the plan's, as answers have it
const dayOf = new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" });
// As answers write them: 24/11 22:10 and 24 Nov 22:10; nobody has to guess which is the day.
const dayFormat = language.startsWith("pt")
  ? new Intl.DateTimeFormat("pt-BR", { timeZone, day: "2-digit", month: "2-digit" })
  : new Intl.DateTimeFormat("en-GB", { timeZone, day: "numeric", month: "short" });

/** A point in time as people write it: the time alone when it is today. */
export function moment(iso, style = "medium") {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return String(iso ?? "");
  const isToday = dayOf.format(new Date()) === dayOf.format(date);
  const timeStyle = isToday ? style : "short";
  const time = new Intl.DateTimeFormat(language, { timeStyle, hourCycle: "h23", timeZone }).format(date);
  return isToday ? time : `${dayFormat.format(date)} ${time}`;
}

export function number(value) {
  return new Intl.NumberFormat(language).format(value);
}

/** What a path of the REST API answers; an error has the `status` of a refusal. */
export async function getJson(path, values = {}) {
  const response = await fetch(`${path}?${new URLSearchParams(values)}`, { headers: { Accept: "application/json" } });
  if (!response.ok) throw Object.assign(new Error(response.statusText), { status: response.status });
  return response.json();
}

export function page() {
  return JSON.parse(document.getElementById("page").textContent);
}

export const byId = (id) => document.getElementById(id);
