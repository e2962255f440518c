#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mode = "websocket" between a server and clients of the websockets library: what either says
arrives as it was said, whatever they have agreed on, and the backend is told who the client is."""
import contextlib
import http
import os
import sys

import harness
import tap
import ws_service
from passing import socket_folder
from ws_service import Service, talk

try:
    import websockets
    from websockets.extensions import permessage_deflate
except ImportError:
    websockets = None

SIZES = [0, 1, 125, 126, 65535, 65536, 3 << 20]
# Compresses well: a frame of it is much smaller than its message.
TEXT = 'grüße €😀 ' * 20_000


@contextlib.contextmanager
def served(service_options=None, **options):
    """(gateway, service that echoes)."""
    options['route'] = {'mode': 'websocket', **options.get('route', {})}
    with Service(**(service_options or {})) as service, \
            harness.Gateway(service.port, **options) as gateway:
        yield gateway, service


# ---- Messages -----------------------------------------------------------------------------------

async def every_size(client):
    for size in SIZES:
        payload = os.urandom(size)
        await client.send(payload)
        tap.check(await client.recv() == payload, f'the message of {size} bytes differs')
    await client.send(TEXT)
    tap.check(await client.recv() == TEXT, 'the text differs')


async def many_at_once(client):
    """Messages under way in both directions at once come whole and in order."""
    messages = [os.urandom(size % 3000) for size in range(0, 300_000, 997)]
    for message in messages:
        await client.send(message)
    for number, message in enumerate(messages):
        tap.check(await client.recv() == message, f'message {number} differs')


async def fragments(client):
    """The library's fragments are one message for the other end, pings may stand between them."""
    pieces = [os.urandom(size) for size in (0, 1, 70_000, 125, 0, 300, 5000)]

    async def produced():
        for piece in pieces:
            pong = await client.ping()
            yield piece
            await pong
    await client.send(produced())
    tap.check(await client.recv() == b''.join(pieces), 'the fragmented message differs')


async def pings(client):
    """A ping goes through to the backend, whose pong it is."""
    for _ in range(10):
        await (await client.ping(os.urandom(125)))


CONVERSATIONS = [every_size, many_at_once, fragments, pings]
ROUTES = {'as is': {}, 'splice = "off"': {'splice': 'off'},
          'inspect = "headers"': {'inspect': 'headers'}}


def converses(route, compression):
    with served({'compression': compression}, route=route) as (gateway, service):
        for conversation in CONVERSATIONS:
            async def agreed(client, conversation=conversation):
                chosen = [extension.name for extension in client.extensions]
                tap.equal(chosen, ['permessage-deflate'] if compression else [], 'extensions')
                await conversation(client)
            talk(gateway, agreed, compression=compression)
            gateway.expect_end(reason='end', cut=0, upgraded=1)
        tap.equal(len(service.requests), len(CONVERSATIONS), 'handshakes')


for way, way_route in ROUTES.items():
    for how in (None, 'deflate'):
        tap.case('sizes of 0 bytes to 3 MiB, many at once, fragments, pings: '
                 f'{"permessage-deflate" if how else "uncompressed"}, {way}',
                 way_route, how)(converses)


@tap.case('a client that offers permessage-deflate to a server without it goes uncompressed',
          None, 'deflate')
@tap.case('a server that could compress does not for a client that does not offer it',
          'deflate', None)
def one_side_compresses(by_server, by_client):
    with served({'compression': by_server}) as (gateway, _):
        async def conversation(client):
            tap.equal(client.extensions, [], 'extensions')
            await every_size(client)
        talk(gateway, conversation, compression=by_client)


@tap.case('parameters of permessage-deflate are agreed end to end')
def deflate_parameters():
    with served({'compression': 'deflate'}) as (gateway, service):
        async def conversation(client):
            await client.send(TEXT)
            tap.check(await client.recv() == TEXT, 'the text differs')
            return client.response_headers['Sec-WebSocket-Extensions']
        offer = 'permessage-deflate; client_max_window_bits=10; server_max_window_bits=9'
        factory = permessage_deflate.ClientPerMessageDeflateFactory(
            client_max_window_bits=10, server_max_window_bits=9)
        answered = talk(gateway, conversation, extensions=[factory])
        tap.check('server_max_window_bits=9' in answered, f'answered {answered}')
        sent = dict(service.requests[0][1])['Sec-WebSocket-Extensions']
        tap.equal(sorted(sent.split('; ')), sorted(offer.split('; ')), 'the offer')


@tap.case('a subprotocol is agreed end to end', ['b', 'a'], ['a', 'b'])
@tap.case('a server that knows none of the subprotocols chooses none', ['c'], ['a', 'b'])
@tap.case('the only subprotocol is chosen', ['chat.v2'], ['chat.v2'])
def subprotocols(by_server, by_client):
    with served({'subprotocols': by_server}) as (gateway, service):
        async def conversation(client):
            return client.subprotocol
        chosen = talk(gateway, conversation, subprotocols=by_client)
        common = [name for name in by_client if name in by_server]
        tap.check(chosen in common if common else chosen is None, f'{chosen} was chosen')
        tap.equal(dict(service.requests[0][1])['Sec-WebSocket-Protocol'], ', '.join(by_client))


@tap.case('close code and reason of the client reach the server, and its answer the client')
def client_closes():
    seen = []

    async def handler(connection):
        await connection.wait_closed()
        seen.append((connection.close_code, connection.close_reason))
    with served({'handler': handler}) as (gateway, _):
        async def conversation(client):
            await client.close(4321, 'schluß')
            return client.close_code
        tap.equal(talk(gateway, conversation), 4321, 'close code')
        harness.wait_for(lambda: seen, 'the server to see the end')
        tap.equal(seen, [(4321, 'schluß')])


@tap.case('close code and reason of the server reach the client, behind its last message')
def server_closes():
    last = os.urandom(1 << 20)

    async def handler(connection):
        await connection.send(last)
        await connection.close(4001, 'genug')
    with served({'handler': handler}) as (gateway, _):
        async def conversation(client):
            tap.check(await client.recv() == last, 'the last message differs')
            await client.wait_closed()
            return client.close_code, client.close_reason
        tap.equal(talk(gateway, conversation), (4001, 'genug'))


@tap.case('an answer other than 101 of the library reaches its client: status, fields, body')
def library_refuses():
    async def refuse(_path, _headers):
        fields = [('WWW-Authenticate', 'Basic realm="x"')]
        return http.HTTPStatus.UNAUTHORIZED, fields, b'who are you?\n'
    with served({'process_request': refuse}) as (gateway, _):
        async def conversation(_client):
            raise AssertionError('the handshake succeeded')
        try:
            talk(gateway, conversation)
        except websockets.InvalidStatusCode as error:
            tap.equal(error.status_code, 401)
            tap.equal(error.headers['WWW-Authenticate'], 'Basic realm="x"')
        gateway.expect_end(side='client', reason='answered', code=401)


# ---- Unix sockets -------------------------------------------------------------------------------

@tap.case('a server at unix:/path, uncompressed', None)
@tap.case('a server at unix:/path, permessage-deflate', 'deflate')
def unix_server(compression):
    with socket_folder() as folder, \
            served({'unix': f'{folder}/s', 'compression': compression}) as (gateway, _):
        talk(gateway, every_size, compression=compression)


# ---- What the backend is told -------------------------------------------------------------------

def told(client_fields, **options):
    """{name: value} that the service got from a client with these fields; each name once."""
    with served(**options) as (gateway, service):
        async def conversation(_client):
            return gateway.port
        port = talk(gateway, conversation, path='/ws?a=1&b=%20', extra_headers=client_fields)
        path, fields = service.requests[0]
        tap.equal(path, '/ws?a=1&b=%20', 'path')
        names = [name.lower() for name, _ in fields]
        tap.equal(len(names), len(set(names)), f'fields that differ in {names}')
        return {name.lower(): text for name, text in fields}, f'127.0.0.1:{port}'


@tap.case('the backend gets Host as sent, and who the client is, beside its own fields')
def tells_of_client():
    got, host = told({'Cookie': 'a=1; b=2', 'Origin': 'https://example.com', 'X-Own': 'mine'})
    kept = {'cookie': 'a=1; b=2', 'origin': 'https://example.com', 'x-own': 'mine', 'host': host,
            'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': host,
            'forwarded': f'for=127.0.0.1;host="{host}";proto=http', 'upgrade': 'websocket',
            'connection': 'Upgrade', 'sec-websocket-version': '13'}
    tap.equal({name: got.get(name) for name in kept}, kept, 'fields')
    tap.check('sec-websocket-key' in got and 'user-agent' in got, f'fields are missing: {got}')


@tap.case('backend_host is what the backend gets as Host; the client\'s is told as forwarded')
def tells_backend_host():
    got, host = told({}, route={'backend_host': 'app.internal:8080'})
    tap.equal(got['host'], 'app.internal:8080')
    tap.equal(got['x-forwarded-host'], host)
    tap.equal(got['forwarded'], f'for=127.0.0.1;host="{host}";proto=http')


@tap.case('a client that is no trusted proxy cannot say who it is')
def believes_no_client():
    got, host = told({'X-Forwarded-For': '1.2.3.4', 'X-Forwarded-Proto': 'https',
                      'X-Forwarded-Host': 'evil', 'Forwarded': 'for=1.2.3.4',
                      'X-Real-IP': '1.2.3.4', 'X-Forwarded-Port': '443'},
                     listener={'trusted_proxies': ['10.0.0.0/8', '::1']})
    tap.equal(got['x-forwarded-for'], '127.0.0.1')
    tap.equal(got['x-forwarded-proto'], 'http')
    tap.equal(got['x-forwarded-host'], host)
    tap.equal(got['forwarded'], f'for=127.0.0.1;host="{host}";proto=http')
    tap.check('x-real-ip' not in got and 'x-forwarded-port' not in got, f'the client said {got}')


@tap.case('what a trusted proxy says is kept, and the proxy itself added')
def believes_trusted():
    got, _ = told({'X-Forwarded-For': '198.51.100.7, 10.1.1.1', 'X-Forwarded-Proto': 'https',
                   'X-Forwarded-Host': 'public.example', 'X-Real-IP': '198.51.100.7',
                   'Forwarded': 'for=198.51.100.7;proto=https;host=public.example'},
                  listener={'trusted_proxies': ['127.0.0.0/8']})
    tap.equal(got['x-forwarded-for'], '198.51.100.7, 10.1.1.1, 127.0.0.1')
    tap.equal(got['x-forwarded-proto'], 'https')
    tap.equal(got['x-forwarded-host'], 'public.example')
    tap.equal(got['x-real-ip'], '198.51.100.7')
    first, second = got['forwarded'].split(', ')
    tap.equal(first, 'for=198.51.100.7;proto=https;host=public.example')
    tap.check(second.startswith('for=127.0.0.1'), f'Forwarded goes on with {second}')


@tap.case('an IPv6 client is told in brackets and quotes where the standard wants them')
def tells_of_ipv6():
    got, _ = told({}, address='[::1]:0')
    tap.equal(got['x-forwarded-for'], '::1')
    tap.check(got['forwarded'].startswith('for="[::1]"'), f'Forwarded is {got["forwarded"]}')


if __name__ == '__main__':
    sys.exit(tap.main(skip=ws_service.WHY_NOT))
