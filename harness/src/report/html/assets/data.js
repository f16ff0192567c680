// The page's data, and what is computed of it once.

const D = JSON.parse(document.getElementById("data").textContent);

// By class, best first; -1 is no verdict. A glyph beside every colour.
const GLYPHS = ["✓", "i", "≈", "–", "◐", "✗"];
const glyph = (cls) => GLYPHS[cls] ?? "·";
const className = (cls) => D.classes[cls] ?? "NOT RUN";
const FAILURE = 3;

const place = (letter) => {
  const code = letter.charCodeAt(0);
  return letter === "." ? -1 : code < 91 ? code - 65 : code - 71;
};
const classOf = (letter) => D.letters[place(letter)]?.[2] ?? -1;

// Both halves of a verdict; one word where both are the same.
function verdictWords(letter) {
  const known = D.letters[place(letter)];
  if (!known) return "not run";
  return known[0] === known[1] ? known[0] : `${known[0]} / ${known[1]}`;
}

D.shown.forEach((shown, n) => {
  shown.n = n;
  shown.classes = Int8Array.from(shown.verdicts, classOf);
  shown.counts = D.classes.map((_, cls) => shown.classes.filter((one) => one === cls).length);
  shown.run = shown.classes.filter((one) => one >= 0).length;
  shown.full = `${shown.agent}${shown.version ? ` ${shown.version}` : ""} as ${shown.role}`;
  shown.hasDetails = document.getElementById(`details-${n}`) !== null;
});
const COLUMNS = [...D.shown].sort((a, b) => (a.role === b.role ? a.n - b.n : a.role === "server" ? -1 : 1));
const ROLES = [...new Set(COLUMNS.map((shown) => shown.role))];
const HAS_BASELINE = ROLES.some((role) => D.baselines[role]);

const differsFromBaseline = (shown, i) => {
  const expected = D.baselines[shown.role];
  return expected !== undefined && expected[i] !== shown.verdicts[i];
};

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
for (const [id, title] of Object.entries(D.groups)) D.groups[id] = capital(title);

// Groups and, where ids have three numbers, their subgroups; `cases` are places in D.ids.
const GROUPS = [];
D.ids.forEach((id, i) => {
  const parts = id.split(".");
  let group = GROUPS.at(-1);
  if (group?.id !== parts[0]) {
    group = { id: parts[0], title: D.groups[parts[0]] ?? "", level: 1, cases: [], subs: [] };
    GROUPS.push(group);
  }
  group.cases.push(i);
  if (parts.length < 3) return;
  const name = `${parts[0]}.${parts[1]}`;
  let sub = group.subs.at(-1);
  if (sub?.id !== name) {
    sub = { id: name, title: D.subgroups[name] ?? "", level: 2, cases: [], subs: [] };
    group.subs.push(sub);
  }
  sub.cases.push(i);
});

// A block's JSON: deflate in base64, expanded when it is first asked for.
const blocks = new Map();
function unpack(name) {
  if (!blocks.has(name)) {
    const element = document.getElementById(name);
    blocks.set(name, element ? expand(element.textContent) : Promise.resolve({}));
  }
  return blocks.get(name);
}
async function expand(text) {
  const octets = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([octets]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).json();
}
