// The live page: shows each snapshot of the plan that the socket brings.

import { Card } from "./card.js";
import { showConnection } from "./connection.js";
import { byId, element, fill, moment, number, page } from "./dom.js";
import { status } from "./facts.js";
import { showHours } from "./hours.js";
import { Needs } from "./needs.js";
import { openSocket } from "./socket.js";

const { strings, ask, is_narrowed: isNarrowed } = page();
const GROUPS = Object.keys(strings.groups);
const card = ask ? new Card(strings, (question) => location.assign(questionUrl(question))) : null;
const lines = new Needs(byId("needs"), { strings, openThing: card?.open, askLink: ask ? askLink : null });
let fetchedAt = null;
let engine = "";

function questionUrl(question) {
  return `${ask}?question=${encodeURIComponent(question)}`;
}

function askLink(question, content) {
  if (!ask) return element("span", {}, ...content);
  return element("a", { href: questionUrl(question), title: `${strings.ask}: ${question}` }, ...content);
}

function showCounts(jobs) {
  byId("total").textContent = fill(isNarrowed ? strings.jobs_here : strings.jobs, { count: number(jobs.count ?? 0) });
  const known = GROUPS.filter((group) => group in jobs.groups);
  const others = Object.keys(jobs.groups).filter((group) => !GROUPS.includes(group));
  const tiles = [...known, ...others].map((group) => {
    const name = strings.groups[group] ?? group;
    const question = strings.group_question[group] ?? name;
    const content = [element("b", {}, number(jobs.groups[group])), element("span", {}, name)];
    return element("li", { class: `count ${known.includes(group) ? group : ""}` }, askLink(question, content));
  });
  byId("counts").replaceChildren(...tiles);
}

function showCritical({ count, items }) {
  byId("critical-count").textContent = number(count);
  byId("critical-count").classList.toggle("zero", count === 0);
  const rows = items.map((job) => element("li", {},
    askLink(fill(strings.ask_critical, { name: job.stream ? `${job.stream}.${job.name}` : job.name }), [
      element("b", {}, job.name),
      element("span", { class: "detail" }, status(job.status, job.group), " ", joined(job.stream, job.workstation,
        job.deadline_at ? fill(strings.deadline, { time: moment(job.deadline_at, "short") }) : "")),
      ask ? element("span", { class: "ask", "aria-hidden": "true" }, "›") : null,
    ])));
  if (!rows.length) rows.push(element("li", { class: "quiet" }, strings.none_critical));
  else if (count > rows.length) rows.push(element("li", { class: "quiet" }, fill(strings.more, { count: number(count - rows.length) })));
  byId("critical").replaceChildren(...rows);
}

const joined = (...parts) => parts.filter(Boolean).join(" · ");

function showNeeds({ needs, fetched_at: at }) {
  lines.show(needs.items);
  byId("needs-count").textContent = number(needs.causes);
  byId("needs-count").classList.toggle("zero", !needs.causes);
  byId("nothing").hidden = needs.causes > 0;
  byId("nothing").textContent = fill(strings.nothing_needed, { time: moment(at, "short") });
  const left = needs.causes - needs.items.length;
  byId("more-needs").hidden = !left;
  byId("more-needs").textContent = fill(strings.more_causes, { count: number(left) });
}

function missing(plan) {
  const { complete, needs, edges_whole: areEdgesWhole, not_understood: odd, refused } = plan;
  const workstations = refused["/plan/workstation"];
  const minutes = plan.wrong_clock_minutes;
  return joined(
    plan.backup ? fill(strings.backup, { host: plan.backup }) : "",
    minutes > 0 ? fill(strings.clock_ahead, { count: number(minutes) }) : "",
    minutes < 0 ? fill(strings.clock_behind, { count: number(-minutes) }) : "",
    complete ? "" : strings.not_whole,
    odd ? fill(strings.not_understood, { count: number(odd) }) : "",
    workstations ? fill(strings.not_readable, { reason: workstations }) : "",
    needs.complete ? "" : strings.not_all,
    areEdgesWhole ? "" : strings.edges_missing,
  );
}

function showPlan(plan) {
  showNeeds(plan);
  showHours(byId("hours"), plan.hours, { strings, askLink: ask ? askLink : null });
  showCounts(plan.jobs);
  showCritical(plan.critical);
  byId("missing").textContent = missing(plan);
  byId("missing").hidden = !byId("missing").textContent;
  byId("simulated").textContent = strings.simulator;
  byId("simulated").hidden = !plan.simulated;
  fetchedAt = new Date(plan.fetched_at);
  engine = plan.engine;
  showAge();
}

function showAge() {
  if (!fetchedAt) {
    byId("age").textContent = "";
    return;
  }
  const seconds = Math.max(0, Math.round((Date.now() - fetchedAt.getTime()) / 1000));
  const age = seconds < 90
    ? fill(strings.seconds_ago, { count: seconds })
    : fill(strings.minutes_ago, { count: Math.round(seconds / 60) });
  byId("age").textContent = fill(strings.as_of, { engine, time: moment(fetchedAt), age });
}

function showTrouble(trouble) {
  fetchedAt = null;
  showAge();
  byId("simulated").hidden = true;
  byId("unavailable").replaceChildren(
    element("h2", {}, fill(strings[trouble.type], { time: trouble.since ? moment(trouble.since) : "" })),
    element("p", {}, trouble.message),
    element("p", { class: "quiet" }, strings.nothing_shown),
  );
}

function received(snapshot) {
  const isPlan = snapshot.type === "plan";
  if (isPlan) showPlan(snapshot);
  else showTrouble(snapshot);
  byId("plan").hidden = !isPlan;
  byId("unavailable").hidden = isPlan;
  byId("live").removeAttribute("aria-busy");
  byId("loading").hidden = true;
  if (isPlan) byId("refreshed").textContent = fill(strings.refreshed, { time: moment(new Date().toISOString()) });
}

function state(name) {
  showConnection(name, strings);
  // What is on the page ages: it must not look current.
  byId("plan").classList.toggle("stale", name !== "connected");
}

setInterval(showAge, 1000);
openSocket({ address: () => `/ws/live/${location.search}`, received, state });
byId("narrow-down").addEventListener("change", (event) => event.currentTarget.requestSubmit());
