"""An echo server on `websockets`, at $WS_PORT."""

import asyncio
import os

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed


async def echo(socket):
    try:
        async for message in socket:
            await socket.send(message)
    except ConnectionClosed:
        pass  # The suite judges it.


async def main():
    port = int(os.environ["WS_PORT"])
    options = {"max_size": 2**26, "ping_interval": None}
    async with serve(echo, "127.0.0.1", port, **options) as server:
        await server.serve_forever()


asyncio.run(main())
