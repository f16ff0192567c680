// An echo server on Bun's own, which is uWebSockets, at $WS_PORT.
Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env.WS_PORT),
  fetch(request, server) {
    return server.upgrade(request) ? undefined : new Response('', { status: 400 });
  },
  websocket: {
    perMessageDeflate: true,
    maxPayloadLength: 1 << 26,
    backpressureLimit: 1 << 26,
    message(socket, message) {
      socket.send(message, true);
    },
  },
});
