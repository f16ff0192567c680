// Which page is shown is in the address: `#`, `#case/ID/N`, `#agent/N`.

const main = document.getElementById("main");
const top_ = document.getElementById("top");
const THEMES = ["system", "light", "dark"];

function themeButton() {
  // A page that was opened as a file may be let keep nothing.
  const kept = (() => { try { return localStorage.getItem("wsconf-theme"); } catch { return null; } })();
  const button = h("button", { type: "button", class: "theme" });
  const set = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = { system: "◐ System", light: "☀ Light", dark: "☾ Dark" }[theme];
    button.setAttribute("aria-label", `Theme: ${theme}. Change it.`);
    button.dataset.theme = theme;
    try { localStorage.setItem("wsconf-theme", theme); } catch { /* then not */ }
  };
  button.addEventListener("click", () => set(THEMES[(THEMES.indexOf(button.dataset.theme) + 1) % THEMES.length]));
  set(THEMES.includes(kept) ? kept : "system");
  return button;
}

const suites = [...new Set(D.shown.map((shown) => [shown.suite, shown.release].filter(Boolean).join(" ")))];
const engines = [...new Set(D.shown.map((shown) => shown.engine))];
top_.append(
  h("div", {}, h("p", { class: "title" }, h("a", { href: "#" }, D.title)),
    h("p", { class: "quiet" }, [
      plural(new Set(D.shown.map((shown) => shown.agent)).size, "implementation"), plural(D.ids.length, "case"),
      suites.join(", "), `by ${engines.join(" and ")}`, moment(D.made), D.program].join(" · "))),
  themeButton());

const home = h("div", { class: "home" },
  D.notes.length > 0 && h("ul", { class: "panel notes" }, D.notes.map((text) => h("li", {}, text))),
  overview(), matrix());
let back = null;
let turn = 0;

// The view that an address names; nothing is the matrix.
async function viewOf(hash) {
  const [kind, ...rest] = decodeURIComponent(hash.slice(1)).split("/");
  const number = rest.at(-1) ? Number(rest.at(-1)) : undefined;
  if (kind === "case") return casePage(rest[0], rest.length > 1 ? number : undefined);
  if (kind === "agent") return agentPage(number);
  return home;
}

async function show() {
  const mine = ++turn;
  if (main.firstChild === home) back = scrollY;
  const found = await viewOf(location.hash).catch((error) => h("p", { class: "panel" }, `This cannot be shown: ${error}`));
  // Whoever is faster than a block is expanded has gone on already.
  if (mine !== turn) return;
  main.replaceChildren(found);
  if (found === home) {
    document.title = D.title;
    if (back !== null) {
      moveTo(...view.at, true);
      scrollTo(0, back);
    }
    return;
  }
  const heading = main.querySelector("h1");
  document.title = `${heading?.textContent ?? ""} · ${D.title}`;
  scrollTo(0, 0);
  heading?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, [role=treegrid]") || event.ctrlKey || event.altKey || event.metaKey) return;
  const step = { ArrowLeft: "previous", ArrowRight: "next", Escape: "up" }[event.key];
  const link = step && main.querySelector(`[data-step="${step}"]`);
  if (link) {
    event.preventDefault();
    link.click();
  }
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  if (main.firstChild === home) moveTo(...view.at, true);
  else main.focus();
});
addEventListener("hashchange", show);
show();
