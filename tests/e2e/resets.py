#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A client resets its connection while the gateway does not read from it, or has nothing to tell
it. That is noticed at once, not by a timeout; the log names the client; and what it has counted
for is given back: each route here takes one session, and then the next."""
import contextlib
import sys
import time

import attacks
import backends
import beside
import harness
import passing
import static_site as static
import tap
import wire
from scenes import KEY
from wire import BINARY, frame

NOTICED_SECONDS = 2
# All far beyond what a case waits for.
PATIENT = {'handshake_timeout': '5m', 'idle_timeout': '10m', 'ping_interval': '5m',
           'pong_timeout': '5m'}
BLOCK = bytes(256 << 10)


@contextlib.contextmanager
def gateway_before(backend, scale, mode='tcp', limits=None, **route):
    with harness.Gateway(backend.port, limits={**scale.limits, **PATIENT, **(limits or {})},
                         route={'mode': mode, 'sessions_max': 1, **route},
                         backend={'connect_timeout': '5m'}) as gateway:
        yield gateway


def open_session(gateway, backend, mode, **options):
    """(client, connection) that are open; so the route has had room for one more."""
    client = wire.Client(gateway.address, **options)
    client.send(wire.request(key=KEY))
    connection = backend.accept()
    if mode == 'websocket':
        connection.send(passing.switching(passing.read_request(connection)))
    client.expect_101(KEY)
    return client, connection


def expect_next(gateway, backend, mode):
    """The only place of the route is free again, and the next client gets what it wants."""
    client, connection = open_session(gateway, backend, mode)
    with client, connection:
        message = frame(BINARY, b'next', key=bytes(4))
        client.send(message)
        wanted = message if mode == 'websocket' else b'next'
        tap.equal(connection.take(len(wanted)), wanted, 'what the backend got')


# An open session that has lost its client owes the backend what was received, and its end. Where
# the backend does not take that, close_timeout is over soon: it is not what this is about.
OPEN = {'close_timeout': '500ms'}


def expect_reset_noticed(gateway, client):
    client.reset()
    gateway.expect_end(NOTICED_SECONDS, side='client')


MODES = [('tcp', 'auto'), ('tcp', 'off'), ('websocket', 'auto'), ('websocket', 'off')]


def towards_client(scale, mode, splice):
    with backends.Backend() as backend, \
            gateway_before(backend, scale, mode, OPEN, splice=splice) as gateway:
        client, connection = open_session(gateway, backend, mode, receive_buffer=4096)
        with connection:
            connection.socket.setblocking(False)
            attacks.push_until_stalled([connection], BLOCK)
            expect_reset_noticed(gateway, client)
        expect_next(gateway, backend, mode)


def towards_backend(scale, mode, splice):
    with backends.Backend() as backend, \
            gateway_before(backend, scale, mode, OPEN, splice=splice) as gateway:
        client, connection = open_session(gateway, backend, mode)
        with connection:
            client.socket.setblocking(False)
            attacks.push_until_stalled([client], frame(BINARY, BLOCK, key=bytes(4)))
            expect_reset_noticed(gateway, client)
        expect_next(gateway, backend, mode)


for each in MODES:
    beside.case(f'a reset while the window towards the client is full; {each[0]}, splice '
                f'{each[1]}', *each)(towards_client)
    beside.case(f'a reset while the window towards the backend is full; {each[0]}, splice '
                f'{each[1]}', *each)(towards_backend)

# What a client may have sent behind its request: nothing, a message, more than the window.
BEHIND = {'nothing': b'', 'a message': frame(BINARY, b'early'),
          'more than a window': frame(BINARY, bytes(4 << 20))}


def send_what_is_taken(client, data):
    client.socket.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while data:
            data = data[client.socket.send(data):]
    time.sleep(0.1)


def while_dialled(scale, mode, behind):
    with backends.FullBackend() as backend, gateway_before(backend, scale, mode) as gateway:
        client = wire.Client(gateway.address)
        client.send(wire.request(key=KEY))
        harness.wait_for(lambda: gateway.state()['dials'], 'the dial')
        send_what_is_taken(client, behind)
        expect_reset_noticed(gateway, client)
        backend.make_room()
        expect_next(gateway, backend, mode)


def while_unanswered(scale, behind):
    with backends.Backend() as backend, gateway_before(backend, scale, 'websocket') as gateway:
        client = wire.Client(gateway.address)
        client.send(wire.request(key=KEY))
        with backend.accept() as connection:
            passing.read_request(connection)
            send_what_is_taken(client, behind)
            expect_reset_noticed(gateway, client)
        expect_next(gateway, backend, 'websocket')


for what, sent in BEHIND.items():
    for each_mode in ('tcp', 'websocket'):
        tap.case(f'a reset while the backend is dialled; {each_mode}, {what} behind the request',
                 beside.DEFAULTS, each_mode, sent)(while_dialled)
    beside.case(f'a reset before the backend has answered; {what} behind the request',
                sent)(while_unanswered)


@beside.case('a reset while a slow answer is relayed', 1000, {})
@beside.case('a reset while an answer is relayed that the client does not read', 16 << 20,
             {'receive_buffer': 4096})
def while_relayed(scale, size, options):
    with backends.Backend() as backend, gateway_before(backend, scale, 'websocket') as gateway:
        client = wire.Client(gateway.address, **options)
        client.send(wire.request(key=KEY))
        with backend.accept() as connection:
            passing.read_request(connection)
            connection.send(b'HTTP/1.1 404 Not Found\r\nContent-Length: 99999999\r\n\r\n')
            harness.wait_for(lambda: gateway.state()['client_bytes_out'], 'the head of the answer')
            connection.socket.setblocking(False)
            send_what_is_taken(connection, bytes(size))
            expect_reset_noticed(gateway, client)
        expect_next(gateway, backend, 'websocket')


@tap.case('a reset in the middle of a download', beside.DEFAULTS, b'')
@tap.case('a reset in the middle of a download, with half a request behind it', beside.DEFAULTS,
          b'GET /large.bin HTT')
@beside.case('a reset in the middle of a download, with many requests behind it',
             static.request('/large.bin') * 10_000)
def while_downloaded(scale, behind):
    text_limits = {**scale.limits, **PATIENT, 'sessions_max': 1}
    content = static.content(20_000_000)
    with static.site({'large.bin': content}, limits=text_limits) as (gateway, _):
        client = static.Browser(gateway.address, receive_buffer=4096)
        client.send(static.request('/large.bin'))
        harness.steady(lambda: gateway.state()['client_bytes_out'], 'the download to stall',
                       still=0.1)
        send_what_is_taken(client, behind)
        expect_reset_noticed(gateway, client)
        got = static.ask(gateway, '/large.bin')
        tap.equal((got.status, got.body == content), (200, True), 'the next download')
        gateway.expect_end()


if __name__ == '__main__':
    sys.exit(beside.main())
