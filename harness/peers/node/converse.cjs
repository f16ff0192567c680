// Converses with the echo server at $WS_URL on npm's `ws`, and tells it what came of it.
const WebSocket = require('ws');

const lengths = [0, 1, 125, 126, 65535, 65536, 1 << 20];
const messages = lengths.flatMap((length) => [
  { data: Buffer.alloc(length, 'a'), binary: false },
  { data: Buffer.alloc(length, 'a'), binary: true },
]);
const socket = new WebSocket(process.env.WS_URL, { perMessageDeflate: true });
let good = 0;
function next() {
  if (good < messages.length) {
    socket.send(messages[good].data, { binary: messages[good].binary });
  } else {
    socket.send(`result ${good}`);
    socket.close(1000);
  }
}
socket.on('open', next);
socket.on('message', (data, isBinary) => {
  if (good === messages.length) return;
  if (isBinary !== messages[good].binary || !data.equals(messages[good].data)) {
    throw new Error(`message ${good}`);
  }
  good += 1;
  next();
});
socket.on('close', (code) => process.exit(code === 1000 ? 0 : 1));
