#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A million messages, small and large by turns, so that each direction goes from buffers to pipes
and back many times; every byte is compared, and the counters prove which way was taken. Sizes and
payload come from a seed that is printed (RINGWAY_E2E_SEED=... brings them back)."""
import contextlib
import math
import random
import shutil
import sys
import zlib

import backends
import harness
import tap
import wire
from passing import InThread, read_request, switching
from wire import BINARY

MESSAGES = 1_000_000
CYCLES = 30
BATCH_MESSAGES = 250
# The sides wait for each other, so a batch is never more than this in one receive; bulk begins at
# 16 KiB a receive.
BATCH_BYTES_MAX = 12_000
BULK_SIZES = [1 << 10, 16 << 10, 64 << 10, 65535, 100_001, 256 << 10, 1 << 20]
BULK_FRAMES = 36
# After so many small receives both directions have left their pipes.
SETTLE_ROUNDS = 40


class Traffic:
    """What both sides send. A list of (wire bytes, payload): of batches of small messages, and of
    large ones; `masked` for a client."""

    def __init__(self, masked):
        self.masked = masked
        self.batches = [self._batch() for _ in range(24)]
        self.bulk = [self._frame(size) for size in BULK_SIZES for _ in range(3)]

    def _frame(self, size):
        payload = random.randbytes(size)
        if self.masked:
            return wire.frame(BINARY, payload, key=random.randbytes(4)), payload
        return wire.unmasked_frame(BINARY, payload), payload

    def _batch(self):
        frames = [self._frame(random.choice((0, 1, 5, 20, 40, 90))) for _ in range(BATCH_MESSAGES)]
        sent = b''.join(frame for frame, _ in frames)
        tap.check(len(sent) <= BATCH_BYTES_MAX + 4096, f'a batch of {len(sent)} bytes')
        return sent, b''.join(payload for _, payload in frames)


class Opaque:
    """A side that gets what the other one has sent, as it was sent."""
    form = 0

    def __init__(self, end):
        self.take = end.take


class Frames:
    """A client in tcp mode: payload in frames that the gateway has cut."""
    form = 1

    def __init__(self, client):
        self._client = client
        self._rest = bytearray()

    def take(self, count):
        while len(self._rest) < count:
            first, second = self._client.take(2)
            tap.equal(first, 0x80 | BINARY, 'the first byte of a frame')
            size = second
            if second >= 126:
                width = 2 if second == 126 else 8
                size = int.from_bytes(self._client.take(width), 'big')
            self._rest += self._client.take(size)
        taken = bytes(self._rest[:count])
        del self._rest[:count]
        return taken


class Payload(Opaque):
    """A backend in tcp mode: the payload of messages, one after the other."""
    form = 1


class Direction:
    """From one side to the other."""

    def __init__(self, source, target, traffic, sent_form=0):
        self.source, self.target, self.traffic = source, target, traffic
        self.sent_form = sent_form  # of the pairs in `traffic`, which one is sent
        self.messages = 0
        self.bytes = 0

    def batch(self):
        """A batch of small messages, waited for."""
        pair = random.choice(self.traffic.batches)
        self.source.send(pair[self.sent_form])
        wanted = pair[self.target.form]
        tap.check(self.target.take(len(wanted)) == wanted, 'a batch differs')
        self.messages += BATCH_MESSAGES
        self.bytes += len(pair[self.sent_form])

    def begin_bulk(self):
        """[calls under way] that send large messages and compare what arrives."""
        chosen = [random.choice(self.traffic.bulk) for _ in range(BULK_FRAMES)]
        self.messages += len(chosen)
        self.bytes += sum(len(pair[self.sent_form]) for pair in chosen)

        def send():
            for pair in chosen:
                self.source.send(pair[self.sent_form])

        def receive():
            for number, pair in enumerate(chosen):
                wanted = pair[self.target.form]
                got = self.target.take(len(wanted))
                tap.check(zlib.crc32(got) == zlib.crc32(wanted) and got == wanted,
                          f'large message {number} of {len(wanted)} bytes differs')
        return [InThread(send), InThread(receive)]


@contextlib.contextmanager
def opened(mode, **options):
    """(gateway, client, backend's end) of an open session."""
    route = {'mode': mode, **options.pop('route', {})}
    with backends.Backend() as backend, \
            harness.Gateway(backend.port, route=route, **options) as gateway:
        with session(gateway, backend, mode) as (client, connection):
            yield gateway, client, connection


@contextlib.contextmanager
def session(gateway, backend, mode):
    with wire.Client(gateway.address) as client:
        key = 'dGhlIHNhbXBsZSBub25jZQ=='
        client.send(wire.request(key=key))
        with backend.accept() as connection:
            if mode == 'websocket':
                connection.send(switching(read_request(connection)))
            client.expect_101(key)
            yield client, connection


def directions(mode, client, connection):
    """[from the client, from the backend]."""
    from_client, from_backend = Traffic(masked=True), Traffic(masked=False)
    if mode == 'websocket':
        return [Direction(client, Opaque(connection), from_client),
                Direction(connection, Opaque(client), from_backend)]
    return [Direction(client, Payload(connection), from_client),
            Direction(connection, Frames(client), from_backend, sent_form=1)]


def bulk_phase(ways):
    for call in [call for way in ways for call in way.begin_bulk()]:
        call.result(50)


def small_phase(ways, rounds):
    for _ in range(rounds):
        for way in ways:
            way.batch()


def expect_totals(gateway, mode, client, connection, ways):
    """The end in order, and nothing more or less than was sent."""
    for end in (client, connection):
        end.socket.shutdown(wire.socket.SHUT_WR)
    connection.expect_all(b'')
    if mode == 'tcp':
        while client.receive():
            pass
    else:
        client.expect_fin()
    client.close()
    connection.close()
    end = gateway.next_end()
    heads = len(wire.request(key='dGhlIHNhbXBsZSBub25jZQ=='))
    tap.equal(int(end['client_in']), ways[0].bytes + heads, 'bytes from the client')
    tap.equal(end['cut'], '0', 'cut')
    if mode == 'tcp':
        tap.equal(int(end['messages_in']), ways[0].messages, 'messages from the client')
        tap.equal(int(end['backend_in']), ways[1].bytes, 'bytes from the backend')
    return end


def transitions(mode, cycles, messages, **options):
    print(f'# seed {tap.seed}', flush=True)
    # In tcp mode the backend's bytes are no messages.
    sides = 2 if mode == 'websocket' else 1
    rounds = math.ceil(messages / cycles / sides / BATCH_MESSAGES)
    with opened(mode, **options) as (gateway, client, connection):
        ways = directions(mode, client, connection)
        for _ in range(cycles):
            before = gateway.state()['bytes_spliced']
            bulk_phase(ways)
            small_phase(ways, SETTLE_ROUNDS)
            settled = gateway.state()['bytes_spliced']
            tap.check(settled > before + (1 << 20), 'bulk was not spliced')
            small_phase(ways, max(rounds - SETTLE_ROUNDS, 10))
            tap.equal(gateway.state()['bytes_spliced'], settled, 'bytes spliced after small ones')
        sent = sum(way.messages for way in ways[:sides])
        end = expect_totals(gateway, mode, client, connection, ways)
        spliced = [int(end['client_spliced']), int(end['backend_spliced'])]
        print(f'# {sent} messages, {sum(way.bytes for way in ways) >> 20} MiB, of them '
              f'{sum(spliced) >> 20} MiB spliced', flush=True)
        # In tcp mode the client's frames are unmasked.
        tap.equal(spliced[0] > 0, mode == 'websocket', 'whether the client\'s bytes were spliced')
        tap.check(spliced[1] > 0, 'none of the backend\'s bytes was spliced')
        tap.check(sent >= messages, f'{sent} messages')


tap.case('a million messages through mode "websocket", both directions in and out of pipes',
         'websocket', CYCLES, MESSAGES)(transitions)
tap.case('a million messages through mode "tcp", the backend\'s bytes in and out of pipes',
         'tcp', CYCLES, MESSAGES)(transitions)


def without_privilege(mode):
    if not shutil.which('setpriv'):
        raise tap.Skip('there is no setpriv')
    result = harness.run(*harness.UNPRIVILEGED, harness.RINGWAY, '--version')
    if result.returncode != 0:
        raise tap.Skip(f'an unprivileged user cannot run it here: {result.stderr.strip()}')
    transitions(mode, 2, 40_000, prefix=harness.UNPRIVILEGED)


tap.case('the same with fewer by an unprivileged gateway, "websocket"',
         'websocket')(without_privilege)
tap.case('the same with fewer by an unprivileged gateway, "tcp"', 'tcp')(without_privilege)


def never_spliced(mode, options, counter):
    with opened(mode, **options) as (gateway, client, connection):
        ways = directions(mode, client, connection)
        for _ in range(2):
            bulk_phase(ways)
            small_phase(ways, 10)
        state = gateway.state()
        tap.equal(state['bytes_spliced'], 0, 'bytes spliced')
        tap.equal(gateway.pipe_count(), 0, 'pipes')
        tap.equal(state['pipes_missing'] > 0, counter, 'whether pipes were missing')
        end = expect_totals(gateway, mode, client, connection, ways)
        tap.equal((end['client_spliced'], end['backend_spliced']), ('0', '0'), 'bytes spliced')


for each_mode in ('websocket', 'tcp'):
    tap.case(f'splice = "off": no byte goes through a pipe, "{each_mode}"',
             each_mode, {'route': {'splice': 'off'}}, False)(never_spliced)
    tap.case(f'pipes = 0: all goes through buffers, "{each_mode}"',
             each_mode, {'limits': {'pipes': 0}}, True)(never_spliced)
tap.case('inspect = "headers": no byte goes through a pipe', 'websocket',
         {'route': {'inspect': 'headers'}}, False)(never_spliced)

def flood(connection, count):
    """So many large frames, of which a reader that comes late gets every byte."""
    block = wire.unmasked_frame(BINARY, random.randbytes(1 << 20))

    def send():
        for _ in range(count):
            connection.send(block)
    return block, InThread(send)


@tap.case('pipes = 1: while a client that does not read holds it, others go on by buffers')
def one_pipe():
    with backends.Backend() as backend, \
            harness.Gateway(backend.port, route={'mode': 'websocket'},
                            limits={'pipes': 1}) as gateway, \
            session(gateway, backend, 'websocket') as (stalled, flooding):
        block, sending = flood(flooding, 24)
        harness.wait_for(lambda: gateway.state()['bytes_spliced'] > 0, 'the pipe to be used')
        harness.steady(lambda: gateway.state()['client_bytes_out'], 'the client to stall')
        with session(gateway, backend, 'websocket') as (client, connection):
            ways = directions('websocket', client, connection)
            bulk_phase(ways)
            small_phase(ways, 20)
            bulk_phase(ways)
            tap.check(gateway.state()['pipes_missing'] > 0, 'no pipe was missing')
            expect_totals(gateway, 'websocket', client, connection, ways)
        for number in range(24):
            tap.check(stalled.take(len(block)) == block, f'message {number} differs')
        sending.result()
        tap.check(gateway.pipe_count() <= 1, f'{gateway.pipe_count()} pipes')
        stalled.close()
        flooding.expect_all(b'')


@tap.case('a pipe is held only while bytes are in it: 50 sessions share two')
def few_pipes():
    with backends.Backend() as backend, \
            harness.Gateway(backend.port, route={'mode': 'websocket'},
                            limits={'pipes': 2}) as gateway, contextlib.ExitStack() as stack:
        block = wire.unmasked_frame(BINARY, random.randbytes(64 << 10))
        ends = [stack.enter_context(session(gateway, backend, 'websocket')) for _ in range(50)]
        for _ in range(20):
            for _, connection in ends:
                connection.send(block)
            for client, _ in ends:
                tap.check(client.take(len(block)) == block, 'a message differs')
        state = gateway.state()
        tap.check(state['bytes_spliced'] > 50 * len(block), f'spliced: {state["bytes_spliced"]}')
        tap.equal(state.get('pipes_missing', 0), 0, 'pipes missing')
        tap.check(gateway.pipe_count() <= 2, f'{gateway.pipe_count()} pipes')
        for client, _ in ends:
            client.close()
        for _, connection in ends:
            connection.expect_all(b'')


def dies_in_bulk(by_client):
    """Whoever resets while a pipe is full: the other one gets the end, the pipe is free again."""
    with opened('websocket', limits={'pipes': 1}) as (gateway, client, connection):
        source, target = (client, connection) if not by_client else (connection, client)
        block = wire.unmasked_frame(BINARY, bytes(1 << 20))

        def send():
            with contextlib.suppress(ConnectionError):
                for _ in range(24):
                    source.send(block)
        sending = InThread(send)
        harness.wait_for(lambda: gateway.state()['bytes_spliced'] > 0, 'the pipe to be used')
        harness.steady(lambda: gateway.state()['bytes_spliced'], 'the target to stall')
        target.reset()
        sending.result()
        with contextlib.suppress(ConnectionError):
            while source.socket.recv(1 << 20):
                pass
        source.socket.close()
        gateway.next_end()


tap.case('a client that resets while a pipe for it is full', True)(dies_in_bulk)
tap.case('a backend that resets while a pipe for it is full', False)(dies_in_bulk)


if __name__ == '__main__':
    sys.exit(tap.main())
