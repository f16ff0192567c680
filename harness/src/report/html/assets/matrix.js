// The matrix: cases down, implementations across, groups folded. A grid for the keyboard: one cell can
// be focused, arrows move, Enter opens.

const view = { filter: "all", role: "both", text: "", open: new Set(), at: [0, 0] };
let rows = [];
let grid, body, columnGroup, headRow, roleRow, foundText;

const columns = () => COLUMNS.filter((shown) => view.role === "both" || shown.role === view.role);

const FILTERS = [
  ["all", "All", () => true],
  ["failures", "Failures only", (i) => columns().some((shown) => shown.classes[i] >= FAILURE)],
  ["unlike", "Not all alike", (i) => new Set(columns().map((shown) => shown.classes[i])).size > 1],
  ["baseline", "Differs from baseline", (i) => columns().some((shown) => differsFromBaseline(shown, i))],
];

function matches(i, text) {
  if (text === "") return true;
  if (/^[\d.*]+$/.test(text)) {
    const start = text.replace(/\*.*$/, "");
    return D.ids[i] === start || D.ids[i].startsWith(start.endsWith(".") ? start : `${start}.`);
  }
  const [group, sub] = D.ids[i].split(".");
  const titles = `${D.about[i]} ${D.groups[group] ?? ""} ${D.subgroups[`${group}.${sub}`] ?? ""}`;
  return titles.toLowerCase().includes(text);
}

// The rows to show: of each group, itself, and if it is open its subgroups and cases.
function layOut() {
  const wanted = FILTERS.find(([name]) => name === view.filter)[2];
  const text = view.text.trim().toLowerCase();
  const keep = D.ids.map((_, i) => matches(i, text) && wanted(i));
  rows = [];
  let found = 0;
  const add = (node) => {
    const cases = node.cases.filter((i) => keep[i]);
    if (cases.length === 0) return;
    if (node.level === 1) found += cases.length;
    const open = view.open.has(node.id);
    rows.push({ node, cases, open, level: node.level });
    if (!open) return;
    if (node.subs.length > 1) node.subs.forEach(add);
    else cases.forEach((i) => rows.push({ i, level: node.level + 1 }));
  };
  GROUPS.forEach(add);
  return found;
}

function caseCell(shown, i) {
  const cls = shown.classes[i];
  const differs = view.filter === "baseline" && differsFromBaseline(shown, i);
  const label = `${shown.agent}, ${D.ids[i]}: ${verdictWords(shown.verdicts[i])}${differs ? ", differs from the baseline" : ""}`;
  return h("td", { role: "gridcell", tabindex: "-1", class: `cell c${cls < 0 ? "n" : cls}${differs ? " differs" : ""}`, "aria-label": label }, glyph(cls));
}

function groupCell(shown, row) {
  const counts = D.classes.map(() => 0);
  let none = 0;
  for (const i of row.cases) {
    if (shown.classes[i] < 0) none += 1;
    else counts[shown.classes[i]] += 1;
  }
  const worst = counts.findLastIndex((count) => count > 0);
  const parts = counts.map((count, cls) => (count ? `${count} ${className(cls)}` : null)).filter(Boolean);
  if (none) parts.push(`${none} not run`);
  const label = `${shown.agent}, ${row.node.id}: ${parts.join(", ")}`;
  const clean = worst <= 1;
  const sign = clean && none > 0 ? -1 : worst;
  return h("td", { role: "gridcell", tabindex: "-1", class: `cell sum c${sign < 0 ? "n" : clean ? 0 : sign}`, "aria-label": label },
    clean && none === 0 ? glyph(0) : h("span", {}, glyph(sign), h("b", {}, String(sign < 0 ? none : counts[sign]))),
    !clean && shares(counts, ""));
}

function tableRow(row, r, shownColumns) {
  const cells = shownColumns.map((shown, n) => {
    const cell = row.node ? groupCell(shown, row) : caseCell(shown, row.i);
    if (n > 0 && shown.role !== shownColumns[n - 1].role) cell.classList.add("first");
    return cell;
  });
  const id = row.node ? row.node.id : D.ids[row.i];
  const title = row.node ? row.node.title : D.about[row.i];
  const head = h("th", { role: "rowheader", scope: "row", tabindex: "-1", title },
    h("span", { class: "name" },
      row.node && h("span", { class: "twist", "aria-hidden": "true" }, row.open ? "▾" : "▸"),
      h("span", { class: "id" }, id), " ",
      h("span", { class: "what" }, title),
      row.node && h("span", { class: "many", "aria-label": plural(row.cases.length, "case") }, String(row.cases.length))));
  return h("tr", { role: "row", class: `level${row.level}`, "data-row": r, "aria-level": row.level, "aria-expanded": row.node ? String(row.open) : null }, head, cells);
}

function draw(focus) {
  const found = layOut();
  const shownColumns = columns();
  const roles = ROLES.map((role) => [role, shownColumns.filter((shown) => shown.role === role).length]).filter(([, many]) => many);
  roleRow.replaceChildren(
    h("th", { role: "columnheader", scope: "col", rowspan: "2", class: "corner" }, plural(found, "case")),
    ...roles.map(([role, many]) => h("th", { role: "columnheader", scope: "colgroup", colspan: many, class: "as" }, h("span", {}, many > 1 ? `as ${role}` : role))));
  headRow.replaceChildren(
    ...shownColumns.map((shown) => h("th", { role: "columnheader", scope: "col" },
      h("a", { href: agentLink(shown.n), title: shown.full, tabindex: "-1" }, h("span", { class: "agent" }, shown.agent)))));
  columnGroup.replaceChildren(h("col", { class: "heads" }), ...shownColumns.map(() => h("col", { class: "one" })));
  grid.style.setProperty("--columns", shownColumns.length);
  const drawn = document.createDocumentFragment();
  rows.forEach((row, r) => drawn.append(tableRow(row, r, shownColumns)));
  body.replaceChildren(drawn);
  grid.setAttribute("aria-rowcount", rows.length + 2);
  foundText.textContent = rows.length === 0 ? "No case is like that." : "";
  say(plural(found, "case"));
  moveTo(Math.min(view.at[0], rows.length - 1), Math.min(view.at[1], shownColumns.length), focus);
}

const cellAt = (r, c) => body.rows[r]?.cells[c];

// The one cell that Tab reaches.
function moveTo(r, c, focus) {
  body.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
  view.at = [Math.max(r, 0), Math.max(c, 0)];
  const cell = cellAt(...view.at);
  if (!cell) return;
  cell.setAttribute("tabindex", "0");
  if (focus) {
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

function toggle(r, open) {
  const { node } = rows[r];
  if (open === view.open.has(node.id)) return;
  if (view.open.has(node.id)) view.open.delete(node.id);
  else view.open.add(node.id);
  view.at = [r, view.at[1]];
  draw(true);
}

function activate(r, c) {
  const row = rows[r];
  if (row.node) toggle(r);
  else location.hash = caseLink(row.i, c > 0 ? columns()[c - 1].n : undefined);
}

function openAll(open) {
  view.open = new Set(open ? GROUPS.flatMap((group) => [group, ...group.subs]).map((node) => node.id) : []);
}

function onKey(event) {
  const cell = event.target.closest("[data-row] > *");
  if (!cell || event.altKey || event.metaKey) return;
  const r = Number(cell.parentNode.dataset.row);
  const c = cell.cellIndex;
  const last = columns().length;
  const page = 12;
  const row = rows[r];
  const moves = {
    ArrowUp: [r - 1, c], ArrowDown: [r + 1, c], ArrowLeft: [r, c - 1], ArrowRight: [r, c + 1],
    Home: event.ctrlKey ? [0, 0] : [r, 0], End: event.ctrlKey ? [rows.length - 1, last] : [r, last],
    PageUp: [r - page, c], PageDown: [r + page, c],
  };
  if (event.key === "Enter" || event.key === " ") activate(r, c);
  else if (event.key === "ArrowRight" && c === 0 && row.node && !row.open) toggle(r, true);
  else if (event.key === "ArrowLeft" && c === 0 && row.node && row.open) toggle(r, false);
  else if (moves[event.key]) {
    const [toRow, toColumn] = moves[event.key];
    moveTo(Math.min(Math.max(toRow, 0), rows.length - 1), Math.min(Math.max(toColumn, 0), last), true);
  } else return;
  event.preventDefault();
}

function choice(name, legend, options, chosen, onChoice) {
  return h("fieldset", { class: "choice" }, h("legend", { class: "unseen" }, legend),
    options.map(([value, text]) => h("label", {},
      h("input", { type: "radio", name, value, checked: value === chosen, onchange: () => onChoice(value) }),
      h("span", {}, text))));
}

function matrix() {
  // A filter shows what it has found, unless that is too much to be seen at once.
  const filtered = () => {
    openAll(false);
    const narrowed = view.filter !== "all" || view.text.trim() !== "";
    if (narrowed && layOut() <= 200) openAll(true);
    view.at = [0, 0];
    draw(false);
  };
  columnGroup = h("colgroup");
  roleRow = h("tr", { role: "row" });
  headRow = h("tr", { role: "row" });
  body = h("tbody", { role: "rowgroup" });
  grid = h("table", { class: "matrix", role: "treegrid", id: "matrix-grid", "aria-labelledby": "matrix-title", onkeydown: onKey },
    columnGroup, h("thead", { role: "rowgroup" }, roleRow, headRow), body);
  // A title for ten thousand cells is made when it is needed.
  body.addEventListener("mouseover", (event) => {
    const cell = event.target.closest("td");
    if (cell && !cell.title) cell.title = cell.getAttribute("aria-label");
  });
  body.addEventListener("click", (event) => {
    const cell = event.target.closest("[data-row] > *");
    if (!cell) return;
    const r = Number(cell.parentNode.dataset.row);
    moveTo(r, cell.cellIndex, true);
    activate(r, cell.cellIndex);
  });
  foundText = h("p", { class: "quiet found" });
  const filters = FILTERS.filter(([name]) => (name !== "baseline" || HAS_BASELINE) && (name !== "unlike" || COLUMNS.length > 1));
  const section = h("section", { class: "panel", "aria-labelledby": "matrix-title" },
    h("h2", { id: "matrix-title" }, "Cases"),
    h("div", { class: "tools" },
      choice("filter", "Which cases", filters, view.filter, (value) => { view.filter = value; filtered(); }),
      ROLES.length > 1 && choice("role", "Which role", [["both", "Both roles"], ["server", "Servers"], ["client", "Clients"]], view.role, (value) => { view.role = value; filtered(); }),
      h("input", { type: "search", placeholder: "Case or words: 6.4, ping …", "aria-label": "Find cases by id or words", oninput: (event) => { view.text = event.target.value; filtered(); } }),
      h("span", { class: "buttons" },
        h("button", { type: "button", onclick: () => { openAll(true); draw(false); } }, "Unfold all"),
        h("button", { type: "button", onclick: () => { openAll(false); draw(false); } }, "Fold all"))),
    h("ul", { class: "legend", "aria-label": "What the signs mean" },
      D.classes.map((name, cls) => h("li", {}, mark(cls, ""), name.toLowerCase())),
      h("li", {}, mark(-1, ""), "not run")),
    h("div", { class: "frame" }, grid),
    foundText);
  draw(false);
  return section;
}
