"""An echo client on `aiohttp`: runs every case of the fuzzing server at $WS_URL as $WS_AGENT."""

import asyncio
import os
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, WSMsgType

URL = os.environ["WS_URL"]
AGENT = quote(os.environ["WS_AGENT"])


def visit(session, path):
    return session.ws_connect(URL + path, max_msg_size=2**26, compress=15)


async def run(session, n):
    try:
        async with visit(session, f"/runCase?case={n}&agent={AGENT}") as socket:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await socket.send_str(message.data)
                elif message.type is WSMsgType.BINARY:
                    await socket.send_bytes(message.data)
                else:
                    break
    except (ClientError, OSError):
        pass  # The suite judges it.


async def main():
    async with ClientSession() as session:
        async with visit(session, "/getCaseCount") as socket:
            count = int((await socket.receive()).data)
        for n in range(1, count + 1):
            await run(session, n)
        async with visit(session, f"/updateReports?agent={AGENT}"):
            pass


asyncio.run(main())
