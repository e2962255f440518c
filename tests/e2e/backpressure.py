#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Somebody does not read: the source is stopped, memory stays bounded, others go on, and when
reading goes on, everything arrives."""
import contextlib
import hashlib
import os
import socket
import sys
import threading

import backends
import harness
import tap
import wire
from wire import BINARY, frame

TOTAL = 64 << 20
BLOCK = 256 << 10
# What a stalled session may add: its window (1 MiB), and each receive buffer of the worker that
# the bytes went through once (4 MiB of small ones, 16 MiB of large ones), however much was sent.
RESIDENT_MAX = 24 << 20
STALLED_SESSIONS = 50
SMALL_SOCKET_BUFFER = 64 << 10


class Flood:
    """A thread that writes TOTAL bytes, framed or not, and counts how far it has come."""

    def __init__(self, write, encode=bytes):
        self.block = os.urandom(BLOCK)
        self.encoded = encode(self.block)
        self.sent = 0
        self.trouble = None
        self._write = write
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            while self.sent < TOTAL:
                self._write(self.encoded)
                self.sent += BLOCK
        except OSError as error:
            self.trouble = error

    def wait_until_stalled(self):
        """Until the writer does not get on; then the kernel's buffers and the window are full."""
        tap.check(harness.steady(lambda: self.sent, 'the flood to stall', 20) < TOTAL,
                  'nobody stopped the flood')

    def wait(self):
        self._thread.join(harness.SECONDS * 2)
        tap.equal((self.sent, self.trouble), (TOTAL, None), 'sent bytes and trouble')

    def checksum(self):
        digest = hashlib.sha256()
        for _ in range(TOTAL // BLOCK):
            digest.update(self.block)
        return digest.hexdigest()


def checksum_of(pieces):
    """The checksum of the next TOTAL bytes that come in pieces."""
    digest = hashlib.sha256()
    count = 0
    while count < TOTAL:
        piece = next(pieces)
        digest.update(piece)
        count += len(piece)
    tap.equal(count, TOTAL, 'bytes')
    return digest.hexdigest()


def patient(connection):
    """A flood is stopped for as long as the test looks around."""
    connection.socket.settimeout(tap.CASE_SECONDS)


def check_resident(gateway, before):
    grown = gateway.resident_bytes() - before
    tap.check(grown < RESIDENT_MAX, f'{grown >> 20} MiB more memory')
    print(f'# {grown / (1 << 20):.1f} MiB more memory while stalled', flush=True)


@tap.case('a client that does not read stops its backend; memory stays bounded; nothing is lost')
def client_does_not_read():
    with backends.Backend() as backend, harness.Gateway(backend.port) as gateway, \
            wire.connect(gateway, receive_buffer=SMALL_SOCKET_BUFFER) as client, \
            backend.accept() as connection:
        patient(connection)
        before = gateway.resident_bytes()
        flood = Flood(connection.send)
        flood.wait_until_stalled()
        check_resident(gateway, before)

        def payloads():
            while True:
                got = client.next_frame()
                tap.equal(got.opcode, BINARY, 'opcode')
                yield got.payload
        tap.equal(checksum_of(payloads()), flood.checksum(), 'checksum')
        flood.wait()
        connection.close()
        client.answer_close(1000)
        gateway.expect_end(side='backend', reason='end', backend_in=TOTAL)


@tap.case('a backend that does not read stops its client; memory stays bounded; nothing is lost')
def backend_does_not_read():
    with backends.Backend() as backend, harness.Gateway(backend.port) as gateway, \
            wire.connect(gateway) as client, backend.accept() as connection:
        patient(client)
        before = gateway.resident_bytes()
        flood = Flood(client.send, lambda block: frame(BINARY, block))
        flood.wait_until_stalled()
        check_resident(gateway, before)

        def pieces():
            while True:
                yield connection.take(BLOCK)
        tap.equal(checksum_of(pieces()), flood.checksum(), 'checksum')
        flood.wait()
        connection.close()
        client.answer_close(1000)
        gateway.expect_end(side='backend', reason='end', backend_out=TOTAL)


@contextlib.contextmanager
def stalled_sessions(gateway, backend, count):
    """Sessions whose clients do not read and whose backend has been stopped for that."""
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(count):
            client = wire.connect(gateway, '/stalled', receive_buffer=SMALL_SOCKET_BUFFER)
            stack.enter_context(client)
            connection = stack.enter_context(backend.accept())
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_SOCKET_BUFFER)
            connection.socket.setblocking(False)
            connections.append(connection)
        sent = {'bytes': 0}
        block = bytes(BLOCK)

        def push():
            for connection in connections:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        sent['bytes'] += connection.socket.send(block)
            return sent['bytes']
        harness.steady(push, 'all to stall', 20)
        yield sent['bytes']


@contextlib.contextmanager
def two_routes(limits=None, splice='auto'):
    """(gateway, backend of /stalled); /echo echoes. One worker serves both."""
    route = {'listener': 'in', 'mode': 'tcp'}
    with backends.Backend() as backend, backends.Echo() as echo:
        text = harness.toml([
            ('[gateway]', {'workers': 1, 'log_level': 'debug'}),
            ('[[listener]]', {'name': 'in', 'address': '127.0.0.1:0'}),
            ('[[route]]', {'name': 's', 'path': '/stalled', 'backend': 's', 'splice': splice,
                           **route}),
            ('[[route]]', {'name': 'e', 'path': '/echo', 'backend': 'e', **route}),
            ('[[backend]]', {'name': 's', 'servers': [f'127.0.0.1:{backend.port}']}),
            ('[[backend]]', {'name': 'e', 'servers': [f'127.0.0.1:{echo.port}']}),
            ('[limits]', {'close_timeout': '1h', **(limits or {})}),
        ])
        with harness.Gateway(text=text) as gateway:
            yield gateway, backend


def expect_echo(client, size):
    payload = os.urandom(size)
    sender = threading.Thread(target=client.send, args=(frame(BINARY, payload),))
    sender.start()
    tap.check(client.data(size) == payload, 'the echo differs')
    sender.join()


@tap.case(f'{STALLED_SESSIONS} clients that do not read do not stop a session of their worker')
def others_go_on():
    with two_routes() as (gateway, backend):
        with stalled_sessions(gateway, backend, STALLED_SESSIONS) as sent:
            print(f'# {sent >> 20} MiB wait for {STALLED_SESSIONS} clients', flush=True)
            with wire.connect(gateway, '/echo') as client:
                for size in (1, 1000, 100_000, 4 << 20):
                    expect_echo(client, size)
                client.close_in_order()
                gateway.expect_end(route='e', side='client', reason='close')
        # The stalled clients are gone; so are their sessions.
        for _ in range(STALLED_SESSIONS):
            gateway.expect_end(route='s')


@tap.case('at worker_queued_max only those wait who hold more than their share; others go on')
def budget_is_shared():
    # What waits in pipes is not part of that budget.
    limits = {'worker_queued_max': '2MiB'}
    with two_routes(limits, 'off') as (gateway, backend), wire.connect(gateway, '/echo') as early:
        before = gateway.resident_bytes()
        with stalled_sessions(gateway, backend, 10):
            check_resident(gateway, before)
            with wire.connect(gateway, '/echo') as late:
                for client in (early, late):
                    for size in (1, 1000, 1 << 20):
                        expect_echo(client, size)
                late.close_in_order()
            tap.equal(gateway.state()['pool_exhausted'], 0, 'sessions ended for want of memory')
        expect_echo(early, 1 << 20)
        early.close_in_order()


if __name__ == '__main__':
    sys.exit(tap.main())
