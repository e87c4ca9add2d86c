// The Markdown of an answer while it comes. A block that is over is drawn once and stays; the last one
// is drawn anew with each piece, with what is still open in it taken as closed: "**two jo" is bold
// already, half a row of a table waits. What is drawn looks as the server's HTML will, which then
// takes its place. Text is only ever text here.

import { element } from "./dom.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const CODE = /^(`{3,}|~{3,})[^]*?(?:^\1\s*$|(?![^]))/gm;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const HALF_ITEM = /^(?:[-*+]|\d{1,9}[.)]?)?$/;
const QUOTE = /^ {0,3}> ?/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ROW = /^ {0,3}\|/;
const DELIMITER = /^ {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

export class GrowingText {
  /** `keepingPlace(change)` changes the page for it. */
  constructor(root, keepingPlace) {
    Object.assign(this, { root, keepingPlace });
    this.rest = ""; // of the block that is not over
    this.drawn = []; // its elements
    this.due = 0;
  }

  /** Drawn once a frame of the screen, however many pieces come in between. */
  add(piece) {
    this.rest += piece;
    this.due ||= requestAnimationFrame(() => this.keepingPlace(() => this.draw()));
  }

  /** What is due is not drawn any more. */
  end() {
    cancelAnimationFrame(this.due);
    this.due = 0;
  }

  draw() {
    this.end();
    const end = endOfBlocks(this.rest);
    const over = this.rest.slice(0, end);
    this.rest = this.rest.slice(end);
    for (const one of this.drawn) one.remove();
    this.root.append(...blocks(over.split("\n"), false));
    this.drawn = blocks(this.rest.split("\n"), true);
    this.root.append(...this.drawn);
  }
}

/** Where the last blank line ends that stands in no block of code and no list: a list may go on below it. */
function endOfBlocks(text) {
  let end = 0;
  let at = 0;
  let fence = "";
  let isList = false;
  let isBlank = true; // the line before
  for (const line of text.split("\n")) {
    const begins = at;
    at += line.length + 1;
    const found = FENCE.exec(line)?.[1];
    const mayBeItem = ITEM.test(line) || (at > text.length && HALF_ITEM.test(line));
    if (isBlank && isList && /^\S/.test(line) && !mayBeItem) {
      isList = false;
      end = begins;
    }
    if (!fence && isBlank && ITEM.test(line)) isList = true;
    if (!fence && found) fence = found;
    else if (fence && found?.startsWith(fence) && line.trim() === found) fence = "";
    else if (!fence && !isList && !line.trim() && at <= text.length) end = at;
    isBlank = !fence && !line.trim();
  }
  return end;
}

/** The elements of some lines; `grows`: more of the last one may come. */
export function blocks(lines, grows) {
  const made = [];
  let n = 0;
  const take = (fits) => {
    const from = n;
    while (n < lines.length && fits(lines[n], n - from)) n += 1;
    return lines.slice(from, n);
  };
  while (n < lines.length) {
    const line = lines[n];
    const fence = FENCE.exec(line)?.[1];
    if (!line.trim()) n += 1;
    else if (fence) {
      n += 1;
      const code = take((one) => one.trim() !== fence).join("\n");
      n += 1;
      made.push(element("div", { class: "code-block" }, element("div", { class: "code-head" }),
        element("pre", {}, element("code", {}, code ? `${code.replace(/\n$/, "")}\n` : ""))));
    } else if (HEADING.test(line)) {
      const [, marks, text] = HEADING.exec(line);
      n += 1;
      made.push(element(`h${marks.length}`, {}, ...inline(text, grows && n === lines.length)));
    } else if (RULE.test(line)) {
      n += 1;
      made.push(element("hr"));
    } else if (QUOTE.test(line)) {
      const quoted = take((one) => QUOTE.test(one)).map((one) => one.replace(QUOTE, ""));
      made.push(element("blockquote", {}, ...blocks(quoted, grows && n === lines.length)));
    } else if (ITEM.test(line)) {
      made.push(list(take(ofList(line)), () => grows && n === lines.length));
    } else if (ROW.test(line) && isTable(lines[n + 1], n + 2 >= lines.length)) {
      const rows = take((one) => ROW.test(one));
      if (grows && n === lines.length) rows.pop(); // its last row may go on
      if (rows.length) made.push(table(rows));
    } else made.push(element("p", {}, ...inline(take(isOfParagraph).map((one) => one.trim()).join("\n"), grows && n === lines.length)));
  }
  return made;

  /** By the line below its headings; that one may be on its way. */
  function isTable(below, isLast) {
    return below === undefined ? grows : DELIMITER.test(below) || (grows && isLast && /^[\s|:-]*$/.test(below));
  }

  function isOfParagraph(one, n) {
    const begins = [FENCE, HEADING, QUOTE, ITEM].some((other) => other.test(one));
    return one.trim() && !begins && (n === 0 || !ROW.test(one));
  }
}

/** Where the text of an item begins: what is indented as far belongs to it. */
function textOf([whole, indent, marker, text]) {
  return text ? whole.length - text.length : indent.length + marker.length + 1;
}

const indentOf = (line) => line.search(/\S|$/);

/** Whether a line, and those before it, belong to the list that `first` begins. */
function ofList(first) {
  const kind = ITEM.exec(first)[2].at(-1);
  let begins = 0; // the text of the item
  let isBlank = false; // the line before
  return (line) => {
    const item = ITEM.exec(line);
    const isNext = item && item[1].length < (begins || Infinity) && !RULE.test(line);
    const isBelow = !line.trim() || indentOf(line) >= begins;
    const goesOn = !isBlank && ![FENCE, HEADING, QUOTE, RULE].some((other) => other.test(line));
    if (isNext) begins = textOf(item);
    isBlank = !line.trim();
    return isNext ? item[2].at(-1) === kind : isBelow || goesOn;
  };
}

/** Items and what stands below them: a list in a list. Paragraphs only where a blank line parts something. */
function list(lines, isOpen) {
  const [, , marker] = ITEM.exec(lines[0]);
  const items = [];
  let begins = 0;
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item && item[1].length < (begins || Infinity)) {
      begins = textOf(item);
      items.push([item[3]]);
    } else items.at(-1).push(line.slice(Math.min(begins, indentOf(line))));
  }
  const texts = items.map((item) => item.join("\n").replace(CODE, "$1"));
  const isLoose = texts.some((text, n) => /\n\s*\n(?=\S)/.test(text) || (n < items.length - 1 && /\n\s*$/.test(text)));
  const ordered = /\d/.test(marker);
  return element(ordered ? "ol" : "ul", { start: ordered && parseInt(marker, 10) !== 1 ? parseInt(marker, 10) : null },
    ...items.map((item, n) => element("li", {}, ...blocks(item, isOpen() && n === items.length - 1)
      .flatMap((one) => (one.tagName === "P" && !isLoose ? [...one.childNodes] : [one])))));
}

function table([head, , ...rows]) {
  const cells = (row, name) => row.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/)
    .map((cell) => element(name, {}, ...inline(cell.trim().replaceAll("\\|", "|"), false)));
  return element("div", { class: "table-block" }, element("div", { class: "scroller", tabindex: "0" },
    element("table", { class: "rows growing" },
      element("thead", {}, element("tr", {}, ...cells(head, "th"))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row, "td")))))),
    element("div", { class: "table-foot" }));
}

const INLINE = new RegExp([
  /(?<ticks>`+)(?<code>(?:(?!\k<ticks>)[\s\S]|\k<ticks>`)+?)\k<ticks>(?!`)/,
  /\*\*(?=\S)(?<strong>(?:\\.|[^\\])*?\S)\*\*/,
  /\*(?=[^\s*])(?<em>(?:\\.|[^\\*]|\*\*[^*]*\*\*)*?[^\s*])\*(?!\*)/,
  /(?<![\p{L}\p{N}])_(?=\S)(?<under>[^_]*?\S)_(?![\p{L}\p{N}])/u,
  /~~(?=\S)(?<struck>[^~]*?\S)~~/,
  /\[(?<label>[^\]]*)\]\((?<href>[^()\s]*)\)/,
  /\\(?<escaped>[!-/:-@[-`{-~])/,
  /(?<br>\n)/,
].map((one) => one.source).join("|"), "gsu");

/** Text with its emphasis, code and links, as nodes. */
function inline(text, grows) {
  if (grows) text = closed(text);
  const made = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    const { code, strong, em, under, struck, label, href, escaped, br } = found.groups;
    if (found.index > from) made.push(text.slice(from, found.index));
    from = found.index + found[0].length;
    if (code !== undefined) made.push(element("code", {}, / ?\S/.test(code) ? code.replaceAll("\n", " ").replace(/^ (.*) $/, "$1") : code));
    else if (strong !== undefined) made.push(element("strong", {}, ...inline(strong, false)));
    else if ((em ?? under) !== undefined) made.push(element("em", {}, ...inline(em ?? under, false)));
    else if (struck !== undefined) made.push(element("s", {}, ...inline(struck, false)));
    else if (label !== undefined) made.push(/^https?:\/\//i.test(href) ? link(label, href) : element("a", {}, ...inline(label, false)));
    else if (br) made.push(element("br"), "\n");
    else made.push(escaped);
  }
  if (from < text.length) made.push(text.slice(from));
  return made;
}

function link(label, href) {
  return element("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...inline(label, false));
}

/** The text with what is open at its end closed, and half a mark left out until the rest comes. */
function closed(text) {
  let whole = text.replace(/(?:\*+|_+|~+|`+|\\|\[[^\]]*|\[[^\]]*\]|\[([^\]]*)\]\([^)]*)$/, (mark, label) => label ?? mark.replace(/^[^\[]+$|[\[\]]/g, ""));
  const ticks = whole.match(/`+/g) ?? [];
  if (ticks.length % 2) return whole + ticks.at(-1);
  const bare = whole.replace(/(`+)[\s\S]*?\1|\\./g, "");
  for (const mark of ["~~", "**", "*"]) {
    const rest = mark === "*" ? bare.replaceAll("**", "") : bare;
    if ((rest.split(mark).length - 1) % 2) whole = `${whole.trimEnd()}${mark}`;
  }
  return whole;
}
