// The implementations, a row each: what they came to, how long it took, how it went before.

function summary(shown) {
  return shown.counts.map((count, cls) => (count ? `${count} ${className(cls)}` : null)).filter(Boolean).join(", ");
}

function overview() {
  const past = COLUMNS.some((shown) => shown.past.runs.length > 1);
  const classes = D.classes.map((_, cls) => cls).filter((cls) => COLUMNS.some((shown) => shown.counts[cls]));
  const head = h("tr", {},
    h("th", { scope: "col" }, "Implementation"),
    h("th", { scope: "col", class: "wide" }, "Verdicts"),
    classes.map((cls) => h("th", { scope: "col", class: "number" }, h("abbr", { title: className(cls) }, mark(cls)))),
    h("th", { scope: "col" }, "Durations"),
    past && h("th", { scope: "col" }, "History"));
  const row = (shown) => h("tr", {},
    h("th", { scope: "row" },
      h("a", { href: agentLink(shown.n) }, shown.agent),
      shown.version && h("span", { class: "version" }, shown.version)),
    h("td", { class: "wide" }, shares(shown.counts, summary(shown))),
    classes.map((cls) => h("td", { class: `number${shown.counts[cls] ? "" : " zero"}`, "data-head": className(cls) },
      shown.counts[cls] ? h("span", { class: `count t${cls}` }, String(shown.counts[cls])) : "0")),
    h("td", { class: "durations" }, histogram(shown), h("span", { class: "quiet" }, duration(shown.ms))),
    past && h("td", { class: shown.past.runs.length < 2 ? "zero" : null }, sparkline(shown.past, 120, 24) ?? "–"));
  return h("section", { class: "panel", "aria-labelledby": "overview-title" },
    h("h2", { id: "overview-title" }, "Implementations"),
    h("div", { class: `sides${past ? " tall" : ""}` }, ROLES.map((role) =>
      h("table", { class: "overview" },
        h("caption", {}, `As ${role}`),
        h("thead", {}, head.cloneNode(true)),
        h("tbody", {}, COLUMNS.filter((shown) => shown.role === role).map(row))))));
}
