// An echo client on npm's `ws`: asks the fuzzing server at $WS_URL for its cases, runs each as
// $WS_AGENT, and asks for the report.
const WebSocket = require('ws');

const url = process.env.WS_URL;
const agent = encodeURIComponent(process.env.WS_AGENT);

function visit(path, onMessage) {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${url}${path}`, { perMessageDeflate: true, maxFragments: 2 ** 17 });
    socket.on('message', (data, isBinary) => onMessage(socket, data, isBinary));
    // What goes wrong is the suite's to judge; `close` follows.
    socket.on('error', () => {});
    socket.on('close', resolve);
  });
}

async function main() {
  let count = 0;
  await visit('/getCaseCount', (_, data) => { count = Number(data); });
  if (!count) throw new Error(`${url} says no number of cases`);
  for (let n = 1; n <= count; n++) {
    await visit(`/runCase?case=${n}&agent=${agent}`, (socket, data, isBinary) =>
      socket.send(data, { binary: isBinary }));
  }
  await visit(`/updateReports?agent=${agent}`, () => {});
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
