// What needs a person now, a line for each cause. A line that stays as it was is left alone, so that
// what is open stays open, and what has the focus keeps it.

import { element, fill, moment, number } from "./dom.js";
import { status, thingButton } from "./facts.js";

const LOOK = { failed: "failed", stuck: "stuck", late: "late", will_miss: "late", ready: "ready" };

export class Needs {
  /** `openThing` opens an object's card, `askLink(question, content)` leads to the chat; both may be null. */
  constructor(list, { strings, openThing, askLink }) {
    Object.assign(this, { list, strings, openThing, askLink });
    this.shown = new Map();
  }

  show(causes) {
    const lines = new Map(causes.map((cause) => [cause.key, this.line(cause)]));
    for (const [key, { root }] of this.shown) if (lines.get(key)?.root !== root) root.remove();
    let at = null;
    for (const { root } of lines.values()) {
      const next = at ? at.nextSibling : this.list.firstChild;
      if (next !== root) this.list.insertBefore(root, next);
      at = root;
    }
    this.shown = lines;
  }

  line(cause) {
    const text = JSON.stringify(cause);
    const before = this.shown.get(cause.key);
    if (before?.text === text) return before;
    const isOpen = before?.root.firstChild.open;
    return { text, root: element("li", { class: `need ${cause.kind}` }, element("details", { open: isOpen },
      element("summary", {},
        element("span", { class: "cause" }, ...this.title(cause)),
        element("span", { class: "figures" }, ...this.figures(cause))),
      this.inside(cause))) };
  }

  name(thing) {
    return this.openThing ? thingButton(thing.name, thing, this.openThing) : element("b", {}, thing.name);
  }

  title(cause) {
    const { causes } = this.strings;
    if (cause.kind === "place") {
      const problems = cause.problems.map((one) => this.strings[one] ?? one).join(", ");
      return [element("b", {}, cause.workstation), ` ${problems}`];
    }
    if (cause.kind === "failed") {
      const words = fill(cause.return_code === null ? causes.failed_without_code : causes.failed,
        { status: cause.status, code: cause.return_code, workstation: cause.workstation });
      const failed = cause.jobs.filter((job) => job.group === "failed"); // others wait for them
      const names = [...new Set(failed.map((job) => job.name))];
      return [element("b", {}, names.slice(0, 2).join(", "), cause.needs.failed > 2 ? " …" : ""), ` ${words}`];
    }
    if (cause.kind === "prompt") return [element("b", {}, cause.name), ` ${fill(causes.prompt, { text: cause.text })}`];
    return [element("b", {}, fill(causes[cause.kind], { stream: cause.stream }))];
  }

  figures({ needs, held_up: heldUp, critical, deadline }) {
    const said = Object.keys(LOOK).filter((need) => needs[need]).map((need) =>
      element("span", { class: `status ${LOOK[need]}` }, this.counted(need, needs[need])));
    if (heldUp) said.push(element("span", { class: "quiet" }, this.counted("held_up", heldUp)));
    if (critical) said.push(element("span", { class: "mark" }, this.counted("critical", critical)));
    if (deadline) said.push(element("span", { class: "quiet" }, fill(this.strings.first_deadline, { time: moment(deadline, "short") })));
    return said;
  }

  counted(need, count) {
    const [one, many] = this.strings.needs[need];
    return fill(count === 1 ? one : many, { count: number(count) });
  }

  inside(cause) {
    const all = Object.values(cause.needs).reduce((sum, count) => sum + count, 0);
    const left = all - cause.jobs.length;
    const question = this.question(cause);
    return element("div", { class: "need-body" },
      cause.kind === "place" ? element("p", {}, this.name({ kind: "workstation", name: cause.workstation })) : null,
      element("ul", {}, ...cause.jobs.map((job) => this.job(job))),
      left > 0 ? element("p", { class: "quiet" }, fill(this.strings.more, { count: number(left) })) : null,
      cause.fix ? this.fix(cause.fix) : null,
      question && this.askLink ? element("p", {}, this.askLink(question, [question])) : null);
  }

  job(job) {
    const told = [job.stream, job.workstation,
      job.return_code === null ? "" : fill(this.strings.return_code, { code: job.return_code }),
      job.ended_at ? moment(job.ended_at, "short") : "",
      job.deadline_at ? fill(this.strings.deadline, { time: moment(job.deadline_at, "short") }) : ""];
    return element("li", {}, status(job.status, job.group), this.name({ ...job, kind: "job" }),
      element("span", { class: "quiet" }, told.filter(Boolean).join(" · ")));
  }

  fix({ html, question, approved_by: name, approved_at: at }) {
    const text = element("blockquote", { class: "text" });
    text.innerHTML = html; // cleaned by the server, as answers are
    return element("div", { class: "fix" },
      element("p", {}, element("span", { class: "trust trusted" }, fill(this.strings.reviewed_fix, { name: name ?? "?", time: moment(at, "short") }))),
      element("p", { class: "quiet" }, question), text);
  }

  question({ kind, jobs, workstation, stream }) {
    if (kind === "place") return fill(this.strings.ask_workstation, { name: workstation });
    if (kind === "prompt") return this.strings.ask_prompts;
    if (kind === "failed") return fill(this.strings.ask_failed, { name: jobs[0].stream ? `${jobs[0].stream}.${jobs[0].name}` : jobs[0].name });
    return fill(this.strings.ask_stream, { name: stream });
  }
}
