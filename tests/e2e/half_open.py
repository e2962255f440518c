#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Connections that have begun something and do not go on: a byte of a head, a byte behind a request
whose answer they do not read, a handshake that a backend leaves unanswered, or nothing at all. Many
of them leave buffers and slots for others."""
import contextlib
import itertools
import socket
import sys

import backends
import beside
import harness
import static_site as static
import tap
import wire
from scenes import KEY

# Few chunks, and receive buffers that fit them.
FEW_CHUNKS = {'chunks': 512, 'small_buffers': 64, 'bulk_buffers': 16}
LARGE_BYTES = 10_000_019
SMALL_FILES = 200


@contextlib.contextmanager
def files():
    """A folder with a large file and many small ones, which no worker knows yet."""
    with static.folder() as root:
        static.write(root / 'large.bin', static.content(LARGE_BYTES))
        for number in range(SMALL_FILES):
            static.write(root / f'{number}.txt', static.content(1000, number))
        yield root


# Files that no case has asked for: each is cold once.
unknown = itertools.cycle(range(SMALL_FILES))


def expect_files(gateway):
    """Known, unknown and large files are served."""
    for number in [next(unknown) for _ in range(10)]:
        for _ in ('cold', 'known'):
            got = static.ask(gateway, f'/files/{number}.txt')
            tap.check(got.status == 200 and got.body == static.content(1000, number),
                      f'a small file: {got}')
    got = static.ask(gateway, '/files/large.bin')
    tap.check(got.status == 200 and got.body == static.content(LARGE_BYTES),
              f'a large file: {got.status}, {len(got.body)} bytes')


@contextlib.contextmanager
def connections(stage, count, first):
    """So many connections have sent `first`. They leave by a reset."""
    accepted = stage.gateway.state()['accepted']
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            client = wire.Client(stage.gateway.address, receive_buffer=4096)
            stack.callback(client.reset)
            with contextlib.suppress(ConnectionError):
                client.send(first)
        harness.wait_for(lambda: stage.gateway.state()['accepted'] >= accepted + count,
                         f'{count} connections to be accepted')
        yield


def play(scale, count, first, **settings):
    @contextlib.contextmanager
    def attack(stage):
        with connections(stage, count, first):
            expect_files(stage.gateway)
            yield
    with files() as root, \
            beside.stage(scale, root=root, remembered=SMALL_FILES + 1, **settings) as stage:
        stage.expect_unharmed(attack, tell, grown_max=beside.pools_bytes(scale))


def tell(stage):
    state = stage.gateway.state()
    print(f'# {state["sessions"]} sessions, {state["leases"]} leases, '
          f'{state["pool_exhausted"]} sessions ended for want of a buffer', flush=True)


LARGE = static.request('/files/large.bin')
BYTE = b'G'
LINES = LARGE[:-4]
UNREAD_AND_BYTE = LARGE + b'G'
UNREAD_AND_MORE = LARGE + b'GET /files/' + b'x' * 589


@beside.case('562 connections with a byte of a head; 512 chunks', BYTE)
@beside.case('562 connections with a large file unread and a byte behind its request; 512 chunks',
             UNREAD_AND_BYTE)
def half_heads(scale, first):
    play(scale, 562, first, limits=FEW_CHUNKS)


@tap.case(f'1,700 connections with a byte of a head; {beside.TENTH.name}', BYTE)
@tap.case(f'1,700 connections with two lines of a head; {beside.TENTH.name}', LINES)
def many_half_heads(first):
    play(beside.TENTH, 1700, first)


@tap.case('562 connections with a large file unread and 600 bytes behind its request; 512 chunks',
          UNREAD_AND_MORE)
def half_long_heads(first):
    play(beside.DEFAULTS, 562, first, limits=FEW_CHUNKS)


@contextlib.contextmanager
def deaf_service(backlog=4096):
    """A listening socket: the kernel accepts, and nobody ever answers."""
    with backends.Backend(backlog=backlog) as backend:
        yield backend


@tap.case('2,200 handshakes to a websocket backend that does not answer; 2,048 chunks',
          beside.DEFAULTS, {'chunks': 2048, 'small_buffers': 256, 'bulk_buffers': 64}, 2200)
@tap.case(f'1,700 handshakes to a websocket backend that does not answer; {beside.TENTH.name}',
          beside.TENTH, {}, 1700)
def unanswered(scale, limits, count):
    with deaf_service() as backend:
        play(scale, count, wire.request('/attacked', key=KEY), attacked=backend.port,
             limits=limits, options=['--upgrades'],
             route={'attacked': {'mode': 'websocket'}, 'echo': {'mode': 'websocket'}})


SILENT = 6000
SLOTS = 1725


@beside.case(f'{SILENT} silent connections on {SLOTS} slots')
def silent(scale):
    @contextlib.contextmanager
    def attack(stage):
        with contextlib.ExitStack() as stack:
            for _ in range(SILENT // scale.divide):
                each = stack.enter_context(socket.socket())
                each.setblocking(False)
                # With a full queue the kernel does not answer; nobody waits for it.
                each.connect_ex(stage.gateway.address)
            yield
    with beside.stage(scale, limits={'sessions_per_worker': SLOTS // scale.divide}) as stage:
        stage.expect_unharmed(attack, tell, grown_max=beside.pools_bytes(scale))


if __name__ == '__main__':
    sys.exit(beside.main())
