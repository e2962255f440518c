#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The opening handshake over raw sockets: what opens a session, and how the rest is refused."""
import base64
import os
import sys

import backends
import harness
import tap
import wire

REFUSED = {'side': 'gateway', 'reason': 'refused', 'upgraded': 0}


@tap.case('a handshake opens a session: 101 with the right Sec-WebSocket-Accept')
def opens():
    with backends.Backend() as backend, harness.Gateway(backend.port) as gateway:
        with wire.Client(gateway.address) as client:
            response = client.handshake()
            tap.check('sec-websocket-protocol' not in response.headers, 'a subprotocol was chosen')
            backend.accept().close()
            client.answer_close(1000)


@tap.case('the key of RFC 6455 1.3 is answered as printed there')
def answers_the_key_of_the_standard():
    with backends.Echo() as echo, harness.Gateway(echo.port) as gateway:
        with wire.Client(gateway.address) as client:
            client.send(wire.request(key='dGhlIHNhbXBsZSBub25jZQ=='))
            accept = client.response().headers['sec-websocket-accept']
            tap.equal(accept, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')


@tap.case('of the subprotocols that both know the one that the client names first is chosen',
          ('v2.x', 'v1.x'), 'v0.x, v1.x, v2.x', 'v1.x')
@tap.case('a subprotocol that only the client knows is not chosen',
          ('v2.x', 'v1.x'), 'other', None)
@tap.case('without subprotocols in the route none is chosen', (), 'v1.x', None)
def subprotocol(route, asked, chosen):
    options = {'route': {'subprotocols': list(route)}}
    with backends.Echo() as echo, harness.Gateway(echo.port, **options) as gateway:
        with wire.Client(gateway.address) as client:
            response = client.handshake(Sec_WebSocket_Protocol=asked)
            tap.equal(response.headers.get('sec-websocket-protocol'), chosen)


@tap.case('an origin of the list may connect', 'https://app.example', 101)
@tap.case('the default port of an origin may be written', 'https://app.example:443', 101)
@tap.case('an origin with another scheme is refused with 403', 'http://app.example', 403)
@tap.case('an origin that is not of the list is refused with 403', 'https://evil.example', 403)
@tap.case('the origin "null" is refused with 403', 'null', 403)
@tap.case('a client without an origin (no browser) may connect', None, 101)
def origins(origin, status):
    options = {'route': {'origins': ['https://other.example', 'https://app.example']}}
    with backends.Echo() as echo, harness.Gateway(echo.port, **options) as gateway:
        with wire.Client(gateway.address) as client:
            if status == 101:
                client.handshake(Origin=origin)
                client.close_in_order()
                return
            client.send(wire.request(Origin=origin))
            client.expect_refusal(status, 'origin')
        gateway.expect_end(**REFUSED, code=status)


@tap.case('an origins list of "*" takes any origin')
def any_origin():
    options = {'route': {'origins': ['*']}}
    with backends.Echo() as echo, harness.Gateway(echo.port, **options) as gateway:
        with wire.Client(gateway.address) as client:
            client.handshake(Origin='https://anybody.example')


@tap.case('another path is refused with 404', {'path': '/other'}, 404, 'route')
@tap.case('a longer path is refused with 404', {'path': '/ws/more'}, 404, 'route')
@tap.case('a POST is refused with 405', {'method': 'POST', 'Content_Length': '0'}, 405, 'GET')
@tap.case('a request without Upgrade is refused with 426',
          {'Upgrade': None, 'Connection': None}, 426, 'WebSocket')
@tap.case('Upgrade without Connection: Upgrade is refused with 400',
          {'Connection': 'keep-alive'}, 400, 'Connection')
@tap.case('version 8 is refused with 426', {'Sec_WebSocket_Version': '8'}, 426, '13')
@tap.case('a key of 5 bytes is refused with 400', {'key': 'aGVsbG8='}, 400, 'Key')
@tap.case('a missing key is refused with 400', {'Sec_WebSocket_Key': None}, 400, 'Key')
@tap.case('a missing Host is refused with 400', {'Host': None}, 400, 'Host')
def refused(fields, status, word):
    with backends.Backend() as backend, harness.Gateway(backend.port) as gateway:
        with wire.Client(gateway.address) as client:
            client.send(wire.request(**fields))
            response = client.expect_refusal(status, word)
            connection = response.headers['connection'].split(', ')
            tap.equal(connection[-1], 'close', 'Connection')
            if status == 426:
                tap.equal(response.headers.get('upgrade'), 'websocket', 'Upgrade')
                tap.equal(response.headers.get('sec-websocket-version'), '13', 'version')
            if status == 405:
                tap.equal(response.headers.get('allow'), 'GET', 'Allow')
        gateway.expect_end(**REFUSED, code=status)
        backend.socket.setblocking(False)
        try:
            backend.accept()
        except BlockingIOError:
            return
        raise AssertionError('the backend was dialled for a refused request')


@tap.case('bytes that are no HTTP are refused with 400')
def no_http():
    with backends.Echo() as echo, harness.Gateway(echo.port) as gateway:
        with wire.Client(gateway.address) as client:
            client.send(b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(100))
            client.expect_refusal(400, 'TLS')
        gateway.expect_end(**REFUSED, code=400)


@tap.case('a head larger than 16 KiB is refused with 431', None, 16384)
@tap.case('a head larger than head_max is refused with 431', '2KiB', 2048)
def huge_head(head_max, size):
    limits = {'head_max': head_max} if head_max else {}
    with backends.Echo() as echo, harness.Gateway(echo.port, limits=limits) as gateway:
        with wire.Client(gateway.address) as client:
            client.send(wire.request(X_Fill='x' * size))
            client.expect_refusal(431, 'head')
        gateway.expect_end(**REFUSED, code=431)


@tap.case('a head of just under 16 KiB is good')
def large_head():
    with backends.Echo() as echo, harness.Gateway(echo.port) as gateway:
        with wire.Client(gateway.address) as client:
            client.handshake(X_Fill='x' * (16384 - 300))


@tap.case('a connection that never sends a byte is closed without a word')
def never_asked():
    limits = {'handshake_timeout': '300ms'}
    with backends.Echo() as echo, harness.Gateway(echo.port, limits=limits) as gateway:
        with wire.Client(gateway.address) as client:
            client.expect_fin()
            tap.equal(bytes(client.buffer), b'', 'what came before the end')
        gateway.expect_end(side='gateway', reason='handshake-timeout', code=0)


@tap.case('the first byte of a request is answered with 408', b'G')
@tap.case('half a request is answered with 408', b'GET /ws HTTP/1.1\r\nHost: x\r\n')
def handshake_timeout(beginning):
    limits = {'handshake_timeout': '300ms'}
    with backends.Echo() as echo, harness.Gateway(echo.port, limits=limits) as gateway:
        with wire.Client(gateway.address) as client:
            client.send(beginning)
            client.expect_refusal(408, 'time')
        gateway.expect_end(side='gateway', reason='handshake-timeout', code=408)


@tap.case('a dead backend is a 502 that says so')
def dead_backend():
    with backends.Backend() as backend:
        port = backend.port
    with harness.Gateway(port) as gateway:
        with wire.Client(gateway.address) as client:
            client.send(wire.request())
            client.expect_refusal(502, 'backend')
        gateway.expect_end(side='backend', reason='dial-failed', code=502, upgraded=0)
        gateway.wait_log(rf'warn.* dial to 127\.0\.0\.1:{port} failed')


@tap.case('a backend that does not answer is a 502 after connect_timeout')
def unanswering_backend():
    options = {'backend': {'connect_timeout': '300ms'}}
    with backends.FullBackend() as backend, harness.Gateway(backend.port, **options) as gateway:
        with wire.Client(gateway.address) as client:
            client.send(wire.request())
            client.expect_refusal(502, 'time')
        gateway.expect_end(side='backend', reason='dial-failed', code=502, upgraded=0)


@tap.case('a client that leaves in the middle of its request is forgotten', b'GET /ws HTTP/1.1\r\n')
@tap.case('a client that leaves without a byte is forgotten', b'')
def abandoned(beginning):
    with backends.Echo() as echo, harness.Gateway(echo.port) as gateway:
        with wire.Client(gateway.address) as client:
            client.send(beginning)
        gateway.expect_end(side='client', reason='abandoned', upgraded=0)


@tap.case('a head that comes byte by byte is good')
def byte_by_byte():
    with backends.Echo() as echo, harness.Gateway(echo.port) as gateway:
        with wire.Client(gateway.address) as client:
            key = base64.b64encode(os.urandom(16)).decode()
            for byte in wire.request(key=key):
                client.send(bytes([byte]))
            client.expect_101(key)
            client.send(wire.frame(wire.BINARY, b'hello'))
            tap.equal(client.data(5), b'hello')


def _pipelined(size):
    """A request, frames right behind it, and the payload that the backend is to get."""
    key = base64.b64encode(os.urandom(16)).decode()
    payload = os.urandom(size)
    cut = size // 3
    frames = [wire.frame(wire.BINARY, payload[:cut], fin=False), wire.frame(wire.PING, b'early'),
              wire.frame(wire.CONTINUATION, payload[cut:])]
    return key, wire.request(key=key) + b''.join(frames), payload


@tap.case('frames right behind the request are kept', 900)
@tap.case('more frames behind the request than one receive holds are kept', 300_000)
def pipelined(size):
    with backends.Backend() as backend, harness.Gateway(backend.port) as gateway:
        with wire.Client(gateway.address) as client:
            key, data, payload = _pipelined(size)
            client.send(data)
            with backend.accept() as connection:
                tap.equal(connection.take(size), payload, 'payload')
                client.expect_101(key)
                tap.equal(client.frame(), (wire.PONG, b'early', True))
                connection.send(b'answer')
                tap.equal(client.data(6), b'answer')


@tap.case('frames behind the request are kept while the backend accepts slowly', 900)
@tap.case('many frames behind the request are kept while the backend accepts slowly', 300_000)
def pipelined_slow_backend(size):
    with backends.FullBackend() as backend, harness.Gateway(backend.port) as gateway:
        with wire.Client(gateway.address) as client:
            key, data, payload = _pipelined(size)
            client.send(data)
            # Its SYN has gone unanswered: the dial is under way.
            harness.wait_for(lambda: _dialling(backend.port), 'the dial')
            backend.make_room()
            with backend.accept() as connection:
                tap.equal(connection.take(size), payload, 'payload')
                client.expect_101(key)


@tap.case('frames behind a long head are kept, however unevenly it comes', 0)
@tap.case('frames behind a long head are kept while the backend accepts slowly', 1)
def pipelined_behind_long_head(slowly):
    with (backends.FullBackend if slowly else backends.Backend)() as backend, \
            harness.Gateway(backend.port) as gateway, wire.Client(gateway.address) as client:
        payload = os.urandom(20_000)
        key = base64.b64encode(os.urandom(16)).decode()
        head = wire.request(key=key, X_Fill='x' * 15_000)
        # With the next receives the head's end comes together with more than a chunk has room for.
        client.send(head[:100])
        harness.wait_for(lambda: gateway.state()['client_bytes_in'] == 100, 'the first bytes')
        client.send(head[100:] + wire.frame(wire.BINARY, payload))
        if slowly:
            harness.wait_for(lambda: _dialling(backend.port), 'the dial')
            backend.make_room()
        with backend.accept() as connection:
            tap.equal(connection.take(len(payload)), payload, 'payload')
            client.expect_101(key)


def _dialling(port):
    with open('/proc/net/tcp', encoding='ascii') as table:
        rows = [line.split() for line in table][1:]
    return any(int(row[2].split(':')[1], 16) == port and row[3] == '02' for row in rows)


@tap.case('a Close right behind the request is answered after the 101')
def pipelined_close():
    with backends.Backend() as backend, harness.Gateway(backend.port) as gateway:
        with wire.Client(gateway.address) as client:
            key = base64.b64encode(os.urandom(16)).decode()
            client.send(wire.request(key=key) + wire.frame(wire.BINARY, b'last words') +
                        wire.frame(wire.CLOSE, wire.close_payload(1001, 'bye')))
            with backend.accept() as connection:
                connection.expect_all(b'last words')
            client.expect_101(key)
            client.expect_close(1001, 'bye')
            client.expect_fin()
        gateway.expect_end(side='client', reason='close', code=1001)


@tap.case('a client that leaves while the backend is dialled costs nothing')
def leaves_while_dialling():
    options = {'backend': {'connect_timeout': '500ms'}}
    with backends.FullBackend() as backend, harness.Gateway(backend.port, **options) as gateway:
        with wire.Client(gateway.address) as client:
            client.send(wire.request())
            harness.wait_for(lambda: _dialling(backend.port), 'the dial')
        gateway.next_end()


@tap.case('a prefix route takes the paths below it, and a host of its own is asked for')
def prefix_and_host():
    with backends.Echo() as echo:
        route = {'path': '/chat/*', 'host': 'chat.example'}
        with harness.Gateway(echo.port, route=route) as gateway:
            with wire.Client(gateway.address) as client:
                client.handshake('/chat/room/7?token=x', host='CHAT.example:8080')
            with wire.Client(gateway.address) as client:
                client.send(wire.request('/chat/room/7', host='other.example'))
                client.expect_refusal(404, 'host')


if __name__ == '__main__':
    sys.exit(tap.main())
