"""Converses with the echo server at $WS_URL on `websockets`, and tells it what came of it."""

import asyncio
import os

from websockets.asyncio.client import connect

LENGTHS = [0, 1, 125, 126, 65535, 65536, 1 << 20]


async def main():
    good = 0
    async with connect(os.environ["WS_URL"], max_size=2**26, proxy=None) as socket:
        for length in LENGTHS:
            for message in ["a" * length, b"a" * length]:
                await socket.send(message)
                assert await socket.recv() == message, length
                good += 1
        await socket.send(f"result {good}")
    assert socket.close_code == 1000, socket.close_code


asyncio.run(main())
