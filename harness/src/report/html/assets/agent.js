// The page of one implementation: where it is not clean and why, how long it took, where it came from.

const SLOWEST = 10;

function notClean(shown, details) {
  const cases = D.ids.map((_, i) => i).filter((i) => shown.classes[i] > 1);
  if (cases.length === 0) return h("p", {}, "Every case that was run is OK or informational.");
  const why = (i) => {
    const detail = details[D.ids[i]];
    if (!detail) return "";
    return shown.classes[i] === D.classes.indexOf("CLOSE NOT OK") ? detail.resultClose : detail.result;
  };
  return GROUPS.map((group) => {
    const own = group.cases.filter((i) => shown.classes[i] > 1);
    return own.length > 0 && h("details", { class: "group", open: cases.length <= 60 },
      h("summary", {}, h("span", { class: "id" }, group.id), ` ${group.title} `, h("span", { class: "many" }, String(own.length))),
      h("ul", { class: "failing" }, own.map((i) => h("li", {}, h("a", { href: caseLink(i, shown.n) },
        mark(shown.classes[i], ""),
        h("span", { class: "id" }, D.ids[i]),
        h("span", {}, D.about[i], h("span", { class: "quiet why" }, `${verdictWords(shown.verdicts[i])}${why(i) ? `: ${why(i)}` : ""}`)))))));
  });
}

function slowest(shown) {
  const cases = D.ids.map((_, i) => i).filter((i) => shown.durations[i] !== null).sort((a, b) => shown.durations[b] - shown.durations[a]).slice(0, SLOWEST);
  const longest = Math.max(1, shown.durations[cases[0]] ?? 0);
  return h("ol", { class: "slowest" }, cases.map((i) => h("li", {}, h("a", { href: caseLink(i, shown.n) },
    h("span", { class: "id" }, D.ids[i]), lollipop(shown.durations[i], longest), h("span", {}, duration(shown.durations[i]))))));
}

async function agentPage(n) {
  const shown = D.shown[n];
  if (!shown) return h("p", {}, "There is no such implementation here.");
  const details = shown.hasDetails ? await unpack(`details-${n}`) : {};
  const spark = sparkline(shown.past, 360, 60);
  return h("div", { class: "agent-page" },
    h("div", { class: "case-head" },
      h("p", { class: "crumbs" }, h("a", { href: "#", "data-step": "up" }, "← All cases")),
      h("h1", { tabindex: "-1" }, shown.agent, shown.version && h("span", { class: "version" }, shown.version), h("span", { class: "role" }, shown.role))),
    h("section", { class: "panel", "aria-label": "In numbers" },
      shares(shown.counts, summary(shown)),
      h("ul", { class: "legend" }, shown.counts.map((count, cls) => count > 0 && h("li", {}, mark(cls, ""), h("b", {}, String(count)), ` ${className(cls).toLowerCase()}`))),
      facts([
        ["Suite", [shown.suite, shown.release].filter(Boolean).join(" ")],
        ["Engine", shown.engine], ["Platform", shown.platform], ["Began", moment(shown.started)],
        ["Took", duration(shown.ms)], ["Cases", String(shown.run)],
        ["Reproduce", shown.command && h("code", {}, shown.command)],
      ])),
    spark && h("section", { class: "panel", "aria-label": "History" }, h("h2", {}, "History"), h("div", { class: "scroll" }, spark)),
    h("div", { class: "columns even" },
      h("section", { class: "panel", "aria-label": "Not clean" }, h("h2", {}, "Not clean"), notClean(shown, details)),
      h("section", { class: "panel", "aria-label": "Durations" }, h("h2", {}, "Durations"), histogram(shown),
        h("p", { class: "scale" }, h("span", {}, "under 1 ms"), h("span", {}, "10 s and more")), h("h3", {}, "Longest"), slowest(shown))));
}
