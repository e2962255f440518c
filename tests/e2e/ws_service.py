# SPDX-License-Identifier: Apache-2.0
"""A WebSocket service and clients of the websockets library, for both ends of a route."""
import asyncio
import threading

import harness
import tap

try:
    import websockets
except ImportError:
    websockets = None

SECONDS = 10
WHY_NOT = None if websockets else 'python3-websockets is not installed'
# The library's own limits are not what is tested.
UNBOUNDED = {'max_size': None, 'max_queue': None}


async def echo(connection):
    async for message in connection:
        await connection.send(message)


class Service:
    """The library's server, in a thread of its own so that a test may block. `requests` has what
    came: (path, [(name, value)]) of each handshake."""

    def __init__(self, handler=echo, *, unix=None, port=0, **options):
        self.requests = []
        self.port = None
        self._handler = handler
        self._unix = unix
        self._options = {'compression': None, **UNBOUNDED, **options}
        self._wanted_port = port
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        tap.check(self._listening.wait(SECONDS), 'the service does not start')
        tap.check(self.port, f'the service cannot listen on {unix or port}')

    async def _talk(self, connection):
        self.requests.append((connection.path, list(connection.request_headers.raw_items())))
        try:
            await self._handler(connection)
        except websockets.ConnectionClosed:
            pass

    async def _begin(self):
        if self._unix:
            server = await websockets.unix_serve(self._talk, self._unix, **self._options)
            self.port = f'unix:{self._unix}'
        else:
            server = await websockets.serve(self._talk, '127.0.0.1', self._wanted_port,
                                            **self._options)
            self.port = server.sockets[0].getsockname()[1]
        return server

    def _serve(self):
        asyncio.set_event_loop(self._loop)
        try:
            server = self._loop.run_until_complete(self._begin())
        finally:
            self._listening.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(server.wait_closed())
        self._loop.close()

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def talk(gateway, conversation, path='/ws', seconds=50, **options):
    """Runs the coroutine `conversation(client)` with a client of the library; its result."""
    async def run():
        async with websockets.connect(gateway.url(path), **{**UNBOUNDED, 'compression': None,
                                                            **options}) as client:
            return await conversation(client)
    return asyncio.run(asyncio.wait_for(run(), seconds))


def through(service, conversation, *, client=None, **options):
    """One conversation through a gateway of its own; `client`: options of the library's client."""
    with harness.Gateway(service.port, route={'mode': 'websocket', **options.pop('route', {})},
                         **options) as gateway:
        return talk(gateway, conversation, **(client or {}))
