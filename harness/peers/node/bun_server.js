// Echo server on Bun, whose WebSockets are uWebSockets.
Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.WS_PORT),
  fetch: (request, server) => (server.upgrade(request) ? undefined : new Response("", { status: 426 })),
  websocket: {
    maxPayloadLength: 16 << 20,
    backpressureLimit: 64 << 20,
    idleTimeout: 0,
    perMessageDeflate: false,
    message: (socket, message) => void socket.send(message),
  },
});
