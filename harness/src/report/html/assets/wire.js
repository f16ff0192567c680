// A wire log as a conversation: the engine on the left, the testee on the right, in the order in which
// it happened.

const OPCODES = { 0: "CONTINUATION", 1: "TEXT", 2: "BINARY", 8: "CLOSE", 9: "PING", 10: "PONG" };
const opcodeName = (opcode) => OPCODES[opcode] ?? `OPCODE ${opcode}`;
// The opening handshake is shown as text, not as octets.
const HTTP = /^(474554|48545450)/;

// `48656c ...` in lines of 16 octets, with what of it is ASCII.
function hexDump(hex) {
  const cut = hex.endsWith("...");
  const octets = hex.replace(/ ?\.\.\.$/, "").match(/../g) ?? [];
  const lines = [];
  for (let at = 0; at < octets.length; at += 16) {
    const line = octets.slice(at, at + 16);
    const ascii = line.map((octet) => {
      const code = parseInt(octet, 16);
      return code > 31 && code < 127 ? String.fromCharCode(code) : "·";
    });
    lines.push(`${at.toString(16).padStart(4, "0")}  ${line.slice(0, 8).join(" ").padEnd(23)}  ${line.slice(8).join(" ").padEnd(23)}  ${ascii.join("")}`);
  }
  return lines.join("\n") + (cut ? "\n…" : "");
}

function frameBubble(sent, row) {
  const [, [len, payload], opcode, fin, rsv] = row;
  const masked = sent ? row[5] !== null && row[5] !== undefined : row[5];
  const bits = [fin && "FIN", ...["RSV1", "RSV2", "RSV3"].filter((_, n) => rsv & (4 >> n)), masked && "masked"].filter(Boolean);
  const close = opcode === 8 && /^0x[0-9a-f]{4}/.test(payload) ? `code ${parseInt(payload.slice(2, 6), 16)}` : null;
  return h("li", { class: `step ${sent ? "sent" : "received"}` },
    h("div", { class: "bubble" },
      h("p", { class: "line" },
        h("span", { class: "arrow", "aria-hidden": "true" }, sent ? "→" : "←"),
        h("span", { class: "unseen" }, sent ? "sent: " : "received: "),
        h("b", { class: `opcode ${opcode >= 8 ? "control" : "data"}` }, opcodeName(opcode)),
        bits.map((bit) => h("span", { class: "bit" }, bit)),
        h("span", { class: "quiet" }, plural(len, "octet")),
        close && h("b", {}, close)),
      len > 0 && h("pre", { class: "payload" }, payload)));
}

function octetBubble(sent, [len, hex]) {
  return h("li", { class: `step raw ${sent ? "sent" : "received"}` },
    h("details", { class: "bubble" },
      h("summary", {},
        h("span", { class: "arrow", "aria-hidden": "true" }, sent ? "→" : "←"),
        h("span", { class: "quiet" }, `${plural(len, "octet")} ${sent ? "written" : "read"}`),
        h("code", {}, hex.slice(0, 24) + (hex.length > 24 ? "…" : ""))),
      h("pre", { class: "hex" }, hexDump(hex))));
}

const note = (text) => h("li", { class: "step note" }, h("span", {}, text));

function wireStep(row) {
  const [kind, what] = row;
  const seconds = `${what} s`;
  switch (kind) {
    case "TF": return frameBubble(true, row);
    case "RF": return frameBubble(false, row);
    case "TO": return HTTP.test(what[1]) ? note("opening handshake sent") : octetBubble(true, what);
    case "RO": return HTTP.test(what[1]) ? note("opening handshake received") : octetBubble(false, what);
    case "CT": return note(`engine waits ${seconds}`);
    case "CTE": return note("engine has waited");
    case "KL": return note(`engine fails the connection in ${seconds}, unless it is closed`);
    case "KLE": return note("time is up: engine fails the connection");
    case "TI": return note(`engine closes in ${seconds}`);
    case "TIE": return note("time is up: engine closes");
    case "WLM": return note(what ? "log on again" : "log off until the last message");
    default: return note(String(kind));
  }
}

function timeline(shown, detail) {
  const log = detail.wirelog ?? [];
  const left = (detail.wirelogRows ?? log.length) - log.length;
  const list = h("ol", { class: "wire" }, log.map(wireStep), left > 0 && note(`… and ${plural(left, "row")} more`));
  const setOpen = (open) => list.querySelectorAll("details").forEach((element) => { element.open = open; });
  const octets = log.some(([kind, what]) => (kind === "TO" || kind === "RO") && !HTTP.test(what[1]));
  return h("section", { class: "panel", "aria-label": "Timeline" },
    h("div", { class: "ends" },
      h("span", {}, "engine"),
      octets && h("span", { class: "buttons" },
        h("button", { type: "button", onclick: () => setOpen(true) }, "Open octets"),
        h("button", { type: "button", onclick: () => setOpen(false) }, "Close octets")),
      h("span", {}, shown.agent)),
    log.length ? list : h("p", { class: "quiet" }, "No wire log was kept."));
}
