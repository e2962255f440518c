#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that vanish, stall and reset; backends that refuse, stall and die. Each gateway here ends
with no session, link, lease, queued byte or descriptor left (see harness)."""
import contextlib
import os
import sys

import backends
import harness
import tap
import wire
from scenes import REQUEST, RESIDENT_SLACK, TIGHT, WINDOW, played
from wire import BINARY, CLOSE, CONTINUATION, frame

# ---- clients that are gone

@tap.case('a client that neither reads nor writes any more is found out by a ping')
def stalled_client():
    limits = {'ping_interval': '150ms', 'pong_timeout': '150ms', 'close_timeout': '150ms'}
    with played(limits) as (gateway, backend), wire.connect(gateway), \
            backend.accept() as connection:
        connection.expect_all(b'')
        gateway.expect_end(side='gateway', reason='pong-timeout', code=1001)


def reset_in_handshake(gateway, _backend):
    client = wire.Client(gateway.address)
    client.send(REQUEST[:50])
    # A connection that was reset before it is accepted is no session.
    harness.wait_for(lambda: gateway.state()['leases'] == 1, 'the head to be held')
    client.reset()
    gateway.expect_end(side='client', reason='abandoned')


def reset_when_open(gateway, backend):
    client = wire.connect(gateway)
    with backend.accept() as connection:
        client.reset()
        connection.expect_all(b'')
    gateway.expect_end(side='client', reason='gone')


def reset_inside_frame(gateway, backend):
    client = wire.connect(gateway)
    with backend.accept() as connection:
        client.send(frame(BINARY, b'half of it')[:-5])
        tap.equal(connection.take(5), b'half ')
        client.reset()
        connection.expect_all(b'')
    gateway.expect_end(side='client', reason='gone')


def reset_inside_header(gateway, backend):
    client = wire.connect(gateway)
    with backend.accept() as connection:
        client.send(frame(BINARY, bytes(1000))[:3])
        harness.wait_for(lambda: gateway.state()['leases'] == 1, 'the header to be held')
        client.reset()
        connection.expect_all(b'')
    gateway.expect_end(side='client', reason='gone')


def reset_under_flood(gateway, backend):
    """The backend floods, the client does not read, and then is gone."""
    client = wire.connect(gateway, receive_buffer=4096)
    with backend.accept() as connection:
        connection.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                connection.socket.send(bytes(1 << 18))
        client.reset()
        connection.socket.settimeout(wire.SECONDS)
        with contextlib.suppress(ConnectionError):
            connection.take_all()
    gateway.expect_end(side='client', reason='gone')


def reset_while_closing(gateway, backend):
    client = wire.connect(gateway)
    with backend.accept() as connection:
        connection.close()
        client.expect_close(1000)
        client.reset()
    gateway.expect_end(side='backend', reason='end', code=1000)


@tap.case('clients that reset: in the handshake', reset_in_handshake)
@tap.case('clients that reset: when nothing moves', reset_when_open)
@tap.case('clients that reset: inside a frame', reset_inside_frame)
@tap.case('clients that reset: inside a frame header', reset_inside_header)
@tap.case('clients that reset: under a flood from the backend', reset_under_flood)
@tap.case('clients that reset: while the session is closing', reset_while_closing)
def resets(story):
    with played() as (gateway, backend):
        for _ in range(20):
            story(gateway, backend)


# ---- backends that fail

@tap.case('a backend that refuses: every client gets its 502')
def backend_refuses():
    with backends.Backend() as gone:
        port = gone.port
    with harness.Gateway(port) as gateway:
        for _ in range(100):
            with wire.Client(gateway.address) as client:
                client.send(REQUEST)
                client.expect_refusal(502, 'refused')
        tap.equal(gateway.expect_idle()['dials_failed'], 100, 'failures counted')


@tap.case('a server that does not answer costs try_timeout, then the next one is dialled')
def server_does_not_answer():
    options = {'connect_timeout': '1h', 'try_timeout': '200ms'}
    with backends.FullBackend() as silent, backends.Backend() as backend, \
            harness.Gateway(silent.port, backend.port, backend=options) as gateway:
        with wire.connect(gateway) as client, backend.accept() as connection:
            client.send(frame(BINARY, b'hello'))
            tap.equal(connection.take(5), b'hello')
            tap.equal(gateway.state()['dials_given_up'], 1, 'dials given up')
            connection.close()
            client.answer_close(1000)


@tap.case('a backend that stalls: its clients wait within the window, then it dies')
def backend_stalls():
    with played(TIGHT) as (gateway, backend), contextlib.ExitStack() as stack:
        before = gateway.resident_bytes()
        clients = [stack.enter_context(wire.connect(gateway)) for _ in range(10)]
        connections = [backend.accept() for _ in clients]
        block = frame(BINARY, bytes(1 << 16))
        offset = {client: 0 for client in clients}
        for client in clients:
            client.socket.setblocking(False)

        def push():
            for client in clients:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        at = offset[client] % len(block)
                        offset[client] += client.socket.send(block[at:])
            return sum(offset.values())
        harness.steady(push, 'all clients to stall', 30)
        queued = gateway.state()['queued_bytes']
        grown = gateway.resident_bytes() - before
        print(f'# {sum(offset.values()) >> 20} MiB sent, {queued >> 10} KiB queued, '
              f'{grown >> 10} KiB more memory', flush=True)
        tap.check(queued <= len(clients) * (WINDOW + (64 << 10)), f'{queued} bytes queued')
        # Windows are held in chunks of 16 KiB, which may each be half full.
        tap.check(grown < 2 * len(clients) * WINDOW + RESIDENT_SLACK, f'{grown} bytes more memory')
        for connection in connections:
            connection.reset()
        for client in clients:
            client.socket.settimeout(wire.SECONDS)
            client.expect_close(1011)
            client.close()
        for _ in clients:
            gateway.expect_end(side='backend', reason='reset', code=1011)


@tap.case('a backend that dies in the middle of its message: what came is delivered, then 1011')
def backend_dies_while_sending():
    with played() as (gateway, backend), wire.connect(gateway) as client:
        connection = backend.accept()
        half = os.urandom(300_000)
        connection.send(half)
        tap.check(client.data(len(half)) == half, 'the half differs')
        connection.reset()
        client.answer_close(1011)
        gateway.expect_end(side='backend', reason='reset', code=1011)


@tap.case('a backend that dies while its client sends a message: 1011, and the rest is dropped')
def backend_dies_while_receiving():
    with played() as (gateway, backend), wire.connect(gateway) as client:
        connection = backend.accept()
        client.send(frame(BINARY, b'first part', fin=False))
        tap.equal(connection.take(10), b'first part')
        connection.reset()
        client.expect_close(1011)
        client.send(frame(CONTINUATION, bytes(100_000)) +
                    frame(CLOSE, wire.close_payload(1011)))
        client.expect_fin()
        client.close()
        end = gateway.expect_end(side='backend', reason='reset', code=1011)
        tap.equal(end['backend_out'], '10', 'bytes to the backend')
        tap.check(gateway.state()['bytes_discarded'] >= 100_000, 'discarded bytes are not counted')


@tap.case('a backend that dies with every session open: each is told, none is left')
def backend_dies_at_once():
    with played(workers=2) as (gateway, backend), contextlib.ExitStack() as stack:
        clients, connections = [], []
        for _ in range(200):
            clients.append(stack.enter_context(wire.connect(gateway)))
            connections.append(backend.accept())
        for connection in connections:
            connection.reset()
        for client in clients:
            client.answer_close(1011)
        for _ in clients:
            gateway.expect_end(side='backend', reason='reset', code=1011)


if __name__ == '__main__':
    sys.exit(tap.main())
