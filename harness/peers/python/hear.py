"""What `websockets` makes of a peer's octets, for `make interop`.

A line in: `server` or `client`, then the octets in hexadecimal. A line out, as JSON: what was told, in
order, and how it ended: "open", "failed", or the code and reason of a Close frame, null if it had none.
"""

import json
import os
import sys

from websockets.frames import Opcode
from websockets.protocol import Protocol, Side

MAX_LEN = int(os.environ["MAX_LEN"])
CONTROL = {Opcode.PING: "ping", Opcode.PONG: "pong"}


def hear(side, octets):
    protocol = Protocol(side, max_size=MAX_LEN)
    protocol.receive_data(octets)
    told = []
    for frame in protocol.events_received():
        if frame.opcode in CONTROL:
            told.append([CONTROL[frame.opcode], bytes(frame.data).hex()])
        elif frame.opcode is Opcode.CLOSE:
            close = protocol.close_rcvd
            return told, None if close.code == 1005 else [close.code, close.reason]
        else:
            if frame.opcode is not Opcode.CONT:
                kind, message = frame.opcode.name.lower(), b""
            message += frame.data
            if not frame.fin:
                continue
            # Its connections decode what recv() is to return, and fail then.
            if kind == "text":
                try:
                    message.decode()
                except UnicodeDecodeError:
                    return told, "failed"
            told.append([kind, message.hex()])
    return told, "open" if protocol.parser_exc is None else "failed"


for line in sys.stdin:
    side, octets = line.rstrip("\n").split(" ")
    told, end = hear(Side[side.upper()], bytes.fromhex(octets))
    print(json.dumps({"told": told, "end": end}), flush=True)
