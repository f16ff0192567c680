// What `ws` makes of a peer's octets, for `make interop`.
//
// A line in: `server` or `client`, then the octets in hexadecimal. A line out, as JSON: what was told, in
// order, and how it ended: "open", "failed", or the code and reason of a Close frame, null if it had none.
const readline = require('node:readline');
const { Receiver } = require('ws');

const maxPayload = Number(process.env.MAX_LEN);

function hear(side, octets, answer) {
  const receiver = new Receiver({ isServer: side === 'server', maxPayload });
  const told = [];
  let end = 'open';
  receiver.on('message', (data, isBinary) => {
    told.push([isBinary ? 'binary' : 'text', data.toString('hex')]);
  });
  receiver.on('ping', (data) => told.push(['ping', data.toString('hex')]));
  receiver.on('pong', (data) => told.push(['pong', data.toString('hex')]));
  receiver.on('conclude', (code, reason) => {
    end = code === 1005 ? null : [code, reason.toString()];
  });
  // The callback is told of it first.
  receiver.on('error', () => {});
  receiver.write(octets, (error) => answer({ told, end: error ? 'failed' : end }));
}

const lines = readline.createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [side, octets] = line.split(' ');
  hear(side, Buffer.from(octets, 'hex'), (heard) => console.log(JSON.stringify(heard)));
});
