// The live page: shows each snapshot of the plan that the socket brings.

import { showConnection } from "./connection.js";
import { byId, element, fill, moment, number, page } from "./dom.js";
import { openSocket } from "./socket.js";

const { strings, ask, hours } = page();
const GROUPS = Object.keys(strings.groups);
let fetchedAt = null;
let engine = "";

function askLink(question, content) {
  if (!ask) return element("span", {}, ...content);
  const href = `${ask}?question=${encodeURIComponent(question)}`;
  return element("a", { href, title: `${strings.ask}: ${question}` }, ...content);
}

function showCounts(jobs) {
  byId("total").textContent = fill(strings.jobs, { count: number(jobs.count ?? 0) });
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

function showItems(id, list, { total, empty, question, detail }) {
  byId(`${id}-count`).textContent = total === null ? "" : number(total);
  byId(`${id}-count`).classList.toggle("zero", total === 0);
  const rows = list.map((item) =>
    element("li", {}, askLink(fill(question, { name: item.name }), [
      element("b", {}, item.name ?? "?"),
      element("span", { class: "detail" }, detail(item)),
      ask ? element("span", { class: "ask", "aria-hidden": "true" }, "›") : null,
    ])),
  );
  if (!rows.length) rows.push(element("li", { class: "quiet" }, empty));
  else if (total > list.length) {
    rows.push(element("li", { class: "quiet" }, fill(strings.more, { count: number(total - list.length) })));
  }
  byId(id).replaceChildren(...rows);
}

const joined = (...parts) => parts.filter(Boolean).join(" · ");
const place = (job) => joined(job.stream, job.workstation);

function showPlan(plan) {
  showCounts(plan.jobs);
  showItems("failed", plan.failed.items, {
    total: plan.failed.count,
    empty: fill(strings.none_failed, { hours }),
    question: strings.ask_failed,
    detail: (job) => joined(
      place(job), job.status,
      job.return_code === null ? "" : fill(strings.return_code, { code: job.return_code }),
      job.ended_at ? fill(strings.at, { time: moment(job.ended_at, "short") }) : "",
    ),
  });
  const timed = (job) => joined(
    place(job), job.status, job.deadline_at ? fill(strings.deadline, { time: moment(job.deadline_at, "short") }) : "",
  );
  showItems("late", plan.late.items, {
    total: plan.late.count, empty: strings.none_late, question: strings.ask_late, detail: timed,
  });
  showItems("critical", plan.critical.items, {
    total: plan.critical.count, empty: strings.none_critical, question: strings.ask_critical, detail: timed,
  });
  const refused = plan.refused["/plan/workstation"];
  showItems("workstations", refused ? [] : plan.workstations.items, {
    total: refused ? null : plan.workstations.count,
    empty: refused ? fill(strings.not_readable, { reason: refused }) : strings.none_workstation,
    question: strings.ask_workstation,
    detail: (one) => joined(one.type, ...one.problems.map((problem) => strings[problem] ?? problem)),
  });
  const missing = joined(
    plan.complete ? "" : strings.not_whole,
    plan.not_understood ? fill(strings.not_understood, { count: number(plan.not_understood) }) : "",
  );
  byId("missing").textContent = missing;
  byId("missing").hidden = !missing;
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
}

function state(name) {
  showConnection(name, strings);
  // What is on the page ages: it must not look current.
  byId("plan").classList.toggle("stale", name !== "connected");
}

setInterval(showAge, 1000);
openSocket({ address: () => "/ws/live/", received, state });
