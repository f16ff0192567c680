// The page of one case: who came to what, and of one of them what was seen.

const facts = (list) => h("dl", { class: "facts" }, list.filter(([, value]) => value !== null && value !== undefined && value !== "")
  .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));

// `RFC 6455 §5.5.1` as a link to that section.
function ruleLink(section) {
  const found = /^RFC (\d+) §([\d.]+)/.exec(section);
  const href = found && `https://www.rfc-editor.org/rfc/rfc${found[1]}#section-${found[2].replace(/\.$/, "")}`;
  return href ? h("a", { href, rel: "noreferrer" }, section) : section;
}

// Every implementation's verdict on the case; the one that is looked at is marked.
function verdictList(i, n) {
  const longest = Math.max(1, ...COLUMNS.map((shown) => shown.durations[i] ?? 0));
  const item = (shown) => h("li", {},
    h("a", { href: caseLink(i, shown.n), "aria-current": shown.n === n ? "true" : null },
      mark(shown.classes[i], ""),
      h("span", { class: "who" }, h("span", { class: "agent" }, shown.agent),
        h("span", { class: "quiet" }, verdictWords(shown.verdicts[i]), shown.codes[i] ? ` · ${shown.codes[i]}` : "")),
      h("span", { class: "time" }, lollipop(shown.durations[i], longest), h("span", {}, duration(shown.durations[i])))));
  return h("nav", { class: "panel verdicts", "aria-label": "Verdicts of all implementations" },
    ROLES.map((role) => [
      h("h2", {}, `As ${role}`),
      h("ul", {}, COLUMNS.filter((shown) => shown.role === role).map(item))]));
}

function verdictPanel(shown, i, detail) {
  const letter = shown.verdicts[i];
  const cls = classOf(letter);
  const [behavior, close] = D.letters[place(letter)] ?? ["not run", null];
  const half = (name, word, why) => h("div", { class: "half" },
    h("h3", {}, name), h("p", { class: "word" }, word), why && h("p", { class: "why" }, why));
  const expected = D.baselines[shown.role]?.[i];
  return h("section", { class: `panel verdict edge${cls < 0 ? "n" : cls}`, "aria-label": "Verdict" },
    h("h2", {}, mark(cls, ""), " ", h("a", { href: agentLink(shown.n) }, shown.agent),
      shown.version && h("span", { class: "version" }, shown.version), h("span", { class: "role" }, shown.role)),
    h("div", { class: "halves" },
      half("Messages and frames", behavior, detail?.result),
      close !== null && half("End of the connection", close, detail?.resultClose)),
    expected !== undefined && expected !== letter && h("p", { class: "differs" }, `The baseline has ${verdictWords(expected)}.`));
}

function factsPanel(shown, i, detail) {
  const yes = (value, text) => (value ? text : null);
  const ended = [
    yes(detail.closedByMe, "the engine closed first"), yes(detail.failedByMe, "the engine failed the connection"),
    yes(detail.droppedByMe, "the engine dropped TCP"), detail.wasClean === undefined ? null : detail.wasClean ? "clean" : "not clean",
  ].filter(Boolean).join(", ");
  const close = (code, reason) => (code ? `${code}${reason ? ` “${reason}”` : ""}` : "none");
  const traffic = detail.trafficStats;
  const ratio = (value) => (typeof value === "number" ? value.toFixed(3) : null);
  return h("section", { class: "panel", "aria-label": "Facts" },
    facts([
      ["Duration", duration(shown.durations[i])],
      ["Ended", ended],
      ["Why not clean", detail.wasNotCleanReason],
      ["Close from the engine", close(detail.localCloseCode, detail.localCloseReason)],
      ["Close from the testee", close(detail.remoteCloseCode, detail.remoteCloseReason)],
      ["Compression, sent", traffic && ratio(traffic.outgoingCompressionRatio)],
      ["Compression, received", traffic && ratio(traffic.incomingCompressionRatio)],
      ["Began", detail.started && moment(detail.started)],
    ]),
    [["Opening handshake: request", detail.httpRequest], ["Opening handshake: response", detail.httpResponse]].map(([name, text]) =>
      text && h("details", { class: "http" }, h("summary", {}, name), h("pre", {}, text.trimEnd()))));
}

function changesPanel(shown, i) {
  const changes = shown.past.changes[D.ids[i]];
  if (!changes) return null;
  return h("section", { class: "panel", "aria-label": "History" }, h("h2", {}, "History"),
    h("ol", { class: "changes" }, changes.map(([when, commit, letter]) =>
      h("li", {}, mark(classOf(letter), ""), ` ${verdictWords(letter)} `, h("span", { class: "quiet" }, `since ${moment(when)}${commit ? ` at ${commit}` : ""}`)))));
}

function caseHead(i, n) {
  const id = D.ids[i];
  const [group, sub] = id.split(".");
  const step = (to, text, sign) => (D.ids[to] === undefined ? h("span", { class: "step-off" }, sign)
    : h("a", { href: caseLink(to, n), "aria-label": `${text}: ${D.ids[to]}`, "data-step": text }, sign));
  return h("div", { class: "case-head" },
    h("p", { class: "crumbs" }, h("a", { href: "#", "data-step": "up" }, "← All cases"), h("span", {}, D.groups[group] ?? ""), h("span", {}, D.subgroups[`${group}.${sub}`] ?? "")),
    h("h1", { tabindex: "-1" }, h("span", { class: "id" }, id), " ", D.about[i]),
    h("nav", { class: "steps", "aria-label": "Cases beside this one" }, step(i - 1, "previous", "‹"), step(i + 1, "next", "›")));
}

async function casePage(id, n) {
  const i = D.ids.indexOf(id);
  if (i < 0) return h("p", {}, `There is no case ${id} here.`);
  // Without one asked for, the first that is worst.
  const worst = Math.max(...COLUMNS.map((shown) => shown.classes[i]));
  const shown = D.shown[n] ?? COLUMNS.find((one) => one.classes[i] === worst);
  const words = (await unpack("words"))[id];
  const detail = shown.hasDetails ? (await unpack(`details-${shown.n}`))[id] : undefined;
  return h("div", { class: "case-page" },
    caseHead(i, shown.n),
    h("div", { class: "columns" },
      verdictList(i, shown.n),
      h("div", { class: "story" },
        verdictPanel(shown, i, detail),
        changesPanel(shown, i),
        detail ? timeline(shown, detail) : h("section", { class: "panel" }, h("p", { class: "quiet" }, "Of this case the verdict alone was kept.")),
        detail && factsPanel(shown, i, detail),
        words && h("section", { class: "panel", "aria-label": "What the case is" },
          h("h2", {}, "What is played"),
          h("blockquote", {}, words[1], h("footer", {}, ruleLink(words[0]))),
          h("pre", { class: "words" }, words[2])))));
}
