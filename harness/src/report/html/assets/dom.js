// Elements, made of text and never of markup, and numbers in words.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

// `2026-11-22T21:40:00Z` for people; anything else as it is.
const moment = (text) => String(text).replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*Z$/, "$1 $2 UTC");

// A glyph in the colours of its class; the word is for those who do not see it.
const mark = (cls, word) =>
  h("span", { class: `mark c${cls < 0 ? "n" : cls}` },
    h("span", { "aria-hidden": "true" }, glyph(cls)),
    h("span", { class: "unseen" }, word ?? className(cls)));

const say = (text) => {
  document.getElementById("said").textContent = text;
};

const caseLink = (i, n) => `#case/${D.ids[i]}${n === undefined ? "" : `/${n}`}`;
const agentLink = (n) => `#agent/${n}`;
