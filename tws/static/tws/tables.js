// A table of an answer: sorted by its headings, copied, and gone on with. While rows are left on the
// server, it is the server that sorts: the first of what is shown are the first of all.

import { asCsv, asText, copyButton } from "./copying.js";
import { element, fill, number } from "./dom.js";
import { status, thingButton } from "./facts.js";

const AT_ONCE = 500;
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

class Table {
  /** `fetchRows({after, order_by, limit})` gives more of the same, `openThing` an object's card. */
  constructor(data, { strings, fetchRows, openThing }) {
    Object.assign(this, { strings, fetchRows, openThing });
    Object.assign(this, { columns: data.columns, rows: data.rows, matched: data.matched, next: data.next });
    this.sorted = { column: null, down: false };
    this.body = element("tbody");
    this.heads = data.columns.map((column, n) => this.head(column, n));
    const table = element("table", { class: "rows" }, element("thead", {}, element("tr", {}, ...this.heads)), this.body);
    this.scroller = element("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": strings.table }, table);
    this.count = element("span", { class: "quiet", role: "status" });
    this.problem = element("span", { class: "problem", role: "alert", hidden: true });
    this.more = element("button", { type: "button", class: "plain more", onclick: () => this.showMore() });
    const copied = () => [this.columns.map((one) => one.heading), ...this.rows.map((row) => row.cells.map((cell) => cell.words))];
    this.root = element("div", { class: "table-block" }, this.scroller,
      element("div", { class: "table-foot" }, this.count, this.more, this.problem,
        copies(strings, copied)));
    this.show();
  }

  get left() {
    return this.next ? this.matched - this.rows.length : 0;
  }

  head(column, n) {
    const button = element("button", { type: "button", class: "sort", onclick: () => this.sortBy(n) }, column.heading);
    return element("th", { scope: "col", class: column.numeric ? "number" : null }, button);
  }

  show() {
    this.body.replaceChildren(...this.rows.map((row) => this.row(row)));
    this.heads.forEach((head, n) => {
      if (n === this.sorted.column) head.setAttribute("aria-sort", this.sorted.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    this.count.textContent = this.left
      ? fill(this.strings.rows_of, { shown: number(this.rows.length), all: number(this.matched) })
      : fill(this.rows.length === 1 ? this.strings.row : this.strings.rows, { count: number(this.rows.length) });
    this.more.hidden = !this.left;
    this.more.textContent = this.left > AT_ONCE ? fill(this.strings.show_next, { count: number(AT_ONCE) })
      : fill(this.strings.show_more, { count: number(this.left) });
  }

  row({ cells, thing }) {
    const named = thing ? Math.max(0, cells.findIndex((cell) => cell.value === thing.name)) : -1;
    return element("tr", {}, ...cells.map((cell, n) => {
      const kinds = [this.columns[n].numeric ? "number" : "", n === named ? "name" : ""].filter(Boolean);
      return element("td", { class: kinds.join(" ") || null }, this.cell(cell, n === named ? thing : null));
    }));
  }

  cell(cell, thing) {
    if (cell.group) return status(cell.words, cell.group);
    if (thing) return thingButton(cell.words, thing, this.openThing);
    if (cell.kind) return thingButton(cell.words, { kind: cell.kind, name: cell.value }, this.openThing);
    return cell.words;
  }

  async sortBy(column) {
    const sorted = { column, down: this.sorted.column === column && !this.sorted.down };
    if (this.left) {
      const name = this.columns[column].name;
      const order = sorted.down ? `-${name}` : name;
      if (!(await this.fetch({ order_by: order, limit: Math.min(this.rows.length, AT_ONCE) }, (rows) => { this.rows = rows; }))) return;
      this.order = order;
    } else {
      const sign = sorted.down ? -1 : 1;
      this.rows.sort((a, b) => compared(a.cells[column].value, b.cells[column].value, sign));
    }
    this.sorted = sorted;
    this.show();
  }

  async showMore() {
    const from = this.rows.length;
    const wanted = { after: this.next, limit: Math.min(this.left, AT_ONCE) };
    if (this.order) wanted.order_by = this.order;
    if (!(await this.fetch(wanted, (rows) => this.rows.push(...rows)))) return;
    this.show();
    this.scroller.focus({ preventScroll: true });
    this.body.rows[from]?.scrollIntoView({ block: "nearest" });
  }

  /** Whether the rows came; why they did not is said below the table. */
  async fetch(wanted, take) {
    this.root.setAttribute("aria-busy", "true");
    try {
      const { rows, matched, next } = await this.fetchRows(wanted);
      take(rows);
      Object.assign(this, { matched, next });
      this.problem.hidden = true;
      return true;
    } catch (error) {
      this.problem.textContent = error.status === 409 ? this.strings.plan_replaced : this.strings.no_rows;
      this.problem.hidden = false;
      return false;
    } finally {
      this.root.removeAttribute("aria-busy");
    }
  }
}

/** The buttons that copy a table, whose rows of words `copied()` gives. */
function copies(strings, copied) {
  return element("span", { class: "copies" },
    copyButton(strings.copy, strings, () => asText(copied())),
    copyButton(strings.copy_csv, strings, () => asCsv(copied())));
}

/** What is not known comes last, whichever way it is sorted. */
function compared(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  return sign * (typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b));
}

/** Put the answer's tables where its HTML marks them; those that nobody marked scroll and are copied. */
export function showTables(root, tables, given) {
  for (const data of tables ?? []) {
    const old = root.querySelector(`[data-table="${data.id}"]`)?.closest("table");
    const fetchRows = (wanted) => given.fetchRows(data.id, wanted);
    old?.replaceWith(new Table(data, { ...given, fetchRows }).root);
    if (old) root.querySelector(".shown")?.remove(); // the table says it, also when it has gone on
  }
  for (const one of root.querySelectorAll("p:empty")) one.remove();
  for (const table of root.querySelectorAll("table:not(.rows)")) {
    const scroller = element("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": given.strings.table });
    const cells = () => [...table.rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim()));
    table.className = "rows growing";
    table.replaceWith(element("div", { class: "table-block" }, scroller,
      element("div", { class: "table-foot" }, copies(given.strings, cells))));
    scroller.append(table);
  }
}
