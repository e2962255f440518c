#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that mean no good: slow and partial handshakes, half-open connections, floods. None of
them harms a session beside it, and none leaves anything behind: every gateway here ends with no
session, link, lease, queued byte or descriptor left (see harness)."""
import contextlib
import os
import select
import socket
import struct
import sys
import threading
import time

import backends
import harness
import tap
import wire
from scenes import KEY, REQUEST, RESIDENT_SLACK, TIGHT, WINDOW, expect_echo, played, served
from wire import BINARY, CONTINUATION, PING, PONG, TEXT, frame

# ---- handshakes

LORIS_SECONDS = 0.6
LORIS_INTERVAL = 0.02


@tap.case('slow-loris: one byte in each interval, and 408 at the deadline all the same')
def slow_loris():
    limits = {'handshake_timeout': f'{int(LORIS_SECONDS * 1000)}ms'}
    with served(limits) as (gateway, quiet), contextlib.ExitStack() as stack:
        began = time.monotonic()
        clients = {}
        for _ in range(50):
            client = stack.enter_context(wire.Client(gateway.address))
            clients[client.socket] = client
        head = wire.request(X_Fill='x' * 1000)
        waiting = set(clients)
        for at in range(len(head)):
            for each in waiting:
                each.send(head[at:at + 1])
            answered = select.select(waiting, [], [], LORIS_INTERVAL)[0]
            tap.check(not answered or time.monotonic() - began >= LORIS_SECONDS, 'too early')
            for each in answered:
                clients[each].expect_refusal(408, 'time')
            waiting.difference_update(answered)
            if not waiting:
                break
        tap.check(not waiting, f'{len(waiting)} are still waited for')
        tap.equal(gateway.state()['handshakes_timed_out'], len(clients), 'timeouts counted')
        expect_echo(quiet)


@tap.case('partial handshakes of every length, ended by FIN', wire.Client.close)
@tap.case('partial handshakes of every length, ended by RST', wire.Client.reset)
def partial_handshakes(end):
    with served() as (gateway, _):
        for size in range(len(REQUEST)):
            client = wire.Client(gateway.address)
            client.send(REQUEST[:size])
            end(client)

        def given_up():
            # A client that has reset its connection before it was taken is no handshake.
            state = gateway.state()
            return state['handshakes_abandoned'] + state['accept_errors'] == len(REQUEST)
        harness.wait_for(given_up, 'all to be given up')


@tap.case('200 handshakes at once, byte by byte, each byte of all before the next')
def interleaved_handshakes():
    with served() as (gateway, quiet), contextlib.ExitStack() as stack:
        clients = [stack.enter_context(wire.Client(gateway.address)) for _ in range(200)]
        for at in range(len(REQUEST)):
            for client in clients:
                client.send(REQUEST[at:at + 1])
        for client in clients:
            client.expect_101(KEY)
            expect_echo(client, 10)
        expect_echo(quiet)
        for client in clients:
            client.close_in_order()


@tap.case('FIN right behind the request: the client gets its 101, the backend what there was')
def fin_behind_request():
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        client.send(REQUEST + frame(BINARY, b'all I have'))
        client.socket.shutdown(socket.SHUT_WR)
        with backend.accept() as connection:
            connection.expect_all(b'all I have')
        client.expect_101(KEY)
        client.expect_fin()
        gateway.expect_end(side='client', reason='gone', code=1006)


@tap.case('FIN while the backend is dialled ends that: nobody waits for the answer')
def fin_while_dialling():
    with backends.FullBackend() as backend, \
            harness.Gateway(backend.port, backend={'connect_timeout': '5m'}) as gateway, \
            wire.Client(gateway.address) as client:
        client.send(REQUEST)
        harness.wait_for(lambda: gateway.state()['dials'], 'the dial')
        client.socket.shutdown(socket.SHUT_WR)
        client.expect_fin()
        gateway.expect_end(side='client', reason='abandoned', upgraded=0)


@tap.case('FIN while the backend is dialled, behind bytes that wait: the backend gets them')
def fin_behind_bytes_while_dialling():
    with backends.FullBackend() as backend, harness.Gateway(backend.port) as gateway, \
            wire.Client(gateway.address) as client:
        client.send(REQUEST)
        harness.wait_for(lambda: gateway.state()['dials'], 'the dial')
        client.send(frame(BINARY, b'all I have'))
        client.socket.shutdown(socket.SHUT_WR)
        backend.make_room()
        with backend.accept() as connection:
            connection.expect_all(b'all I have')
        client.expect_101(KEY)
        client.expect_fin()
        gateway.expect_end(side='client', reason='gone', code=1006)


@tap.case('FIN in the middle of a frame')
def fin_inside_frame():
    with played() as (gateway, backend), wire.connect(gateway) as client, \
            backend.accept() as connection:
        client.send(frame(BINARY, b'half of it')[:-5])
        client.socket.shutdown(socket.SHUT_WR)
        connection.expect_all(b'half ')
        connection.close()
        client.expect_fin()
        gateway.expect_end(side='client', reason='gone', code=1006)


@tap.case('FIN of a client whose backend never ends is cut by close_timeout')
def fin_and_stubborn_backend():
    with played({'close_timeout': '200ms'}) as (gateway, backend), \
            wire.connect(gateway) as client, backend.accept() as connection:
        client.socket.shutdown(socket.SHUT_WR)
        connection.expect_all(b'')
        gateway.expect_end(side='client', reason='gone', code=1006, cut=1)


# ---- floods

@tap.case('a client that never reads: the backend stalls, the gateway holds a window and no more',
          'off', WINDOW // 4)
@tap.case('a client that never reads: what waits in a pipe counts too', 'auto', 1)
def never_reads(splice, queued_min):
    with played(TIGHT, route={'splice': splice}) as (gateway, backend), \
            wire.connect(gateway, receive_buffer=4096) as client, backend.accept() as connection:
        before = gateway.resident_bytes()
        connection.socket.setblocking(False)
        sent = {'bytes': 0}
        block = bytes(1 << 18)

        def push():
            with contextlib.suppress(BlockingIOError):
                while True:
                    sent['bytes'] += connection.socket.send(block)
            return sent['bytes']
        harness.steady(push, 'the backend to stall', 20)
        queued = gateway.state()['queued_bytes']
        grown = gateway.resident_bytes() - before
        print(f'# {sent["bytes"] >> 10} KiB sent, {queued >> 10} KiB queued, '
              f'{grown >> 10} KiB more memory', flush=True)
        # What was received last may pass the window by less than one bulk buffer.
        tap.check(queued_min <= queued < WINDOW + (64 << 10), f'{queued} bytes queued')
        tap.check(grown < WINDOW + RESIDENT_SLACK, f'{grown} bytes more memory')
        client.reset()
        connection.close()
        gateway.expect_end(side='client', reason='gone')


PINGS = 100_000


@tap.case('a flood of pings: at most one pong each, the newest among them, and the session lives')
def ping_flood():
    with served() as (gateway, quiet), wire.connect(gateway) as client:
        numbers = [struct.pack('!I', number) for number in range(PINGS)]
        pings = b''.join(frame(PING, number, key=b'\1\2\3\4') for number in numbers)
        sender = threading.Thread(target=client.send, args=(pings,))
        sender.start()
        answered = []
        while not answered or answered[-1] != numbers[-1]:
            got = client.frame()
            tap.equal(got.opcode, PONG, 'opcode')
            answered.append(got.payload)
        sender.join()
        tap.check(answered == sorted(set(answered)), 'pongs out of order or twice')
        state = gateway.state()
        tap.equal(state['pings_in'], PINGS, 'pings counted')
        tap.equal(state['pings_skipped'], PINGS - len(answered), 'skipped pings counted')
        print(f'# {len(answered)} pongs for {PINGS} pings', flush=True)
        for each in (client, quiet):
            expect_echo(each)
        client.close_in_order()


@tap.case('a flood of pings from a client that does not read its pongs')
def ping_flood_unread():
    with served({'cells': 8192, 'sessions_per_worker': 4096}) as (gateway, quiet), \
            wire.connect(gateway, receive_buffer=4096, segment=1460) as client:
        before = gateway.resident_bytes()
        # Long pings fill the buffers of the kernel; what comes then, the newest pongs replace.
        long = frame(PING, bytes(125))
        for _ in range(800):
            client.send(long * 1000)
            if gateway.state().get('pongs_replaced', 0) > 0:
                break
        client.send(frame(PING) * 200_000)
        harness.wait_for(lambda: gateway.state().get('pings_in', 0) > 200_000, 'the pings')
        state = gateway.state()
        grown = gateway.resident_bytes() - before
        print(f'# {state["leases"]} leases, {state["queued_bytes"]} bytes queued, '
              f'{grown >> 10} KiB more memory', flush=True)
        tap.check(state['pongs_replaced'] > 0, 'no pong was replaced')
        tap.check(state['leases'] < 16, 'a buffer for each pong')
        tap.equal(state.get('pool_exhausted', 0), 0, 'exhausted pools')
        # New and old sessions find what they need.
        expect_echo(quiet)
        with wire.connect(gateway) as late:
            expect_echo(late)
            late.close_in_order()
        client.reset()


@tap.case('gigantic frames, announced and not sent, cost nothing; idle_timeout ends them')
def gigantic_frames():
    limits = {'idle_timeout': '700ms'}
    with played(limits) as (gateway, backend), contextlib.ExitStack() as stack:
        clients = []
        connections = []
        for _ in range(100):
            clients.append(stack.enter_context(wire.connect(gateway)))
            connections.append(stack.enter_context(backend.accept()))
        before = gateway.resident_bytes()
        for client in clients:
            # FIN, binary, masked, 1 TiB, and a mask.
            client.send(bytes([0x82, 0xff]) + struct.pack('!Q', 1 << 40) + bytes(4))
        harness.wait_for(lambda: gateway.state()['client_bytes_in'] >=
                         len(clients) * (14 + len(REQUEST)), 'the headers to be read')
        state = gateway.state()
        tap.equal((state['leases'], state['queued_bytes']), (0, 0), 'leases and queued bytes')
        grown = gateway.resident_bytes() - before
        tap.check(grown < 1 << 20, f'{grown} bytes more memory for {len(clients)} frames')
        for client in clients:
            client.expect_close(1001, 'idle for too long')
            client.close()
        for connection in connections:
            connection.expect_all(b'')
            connection.close()
            gateway.expect_end(side='gateway', reason='idle', code=1001)


@tap.case('a frame beyond frame_max is refused as soon as it is announced')
def frame_too_big():
    with served({'frame_max': '1MiB'}) as (gateway, _), wire.connect(gateway) as client:
        client.send(bytes([0x82, 0xff]) + struct.pack('!Q', 1 << 40) + bytes(4))
        client.expect_close(1009)
        client.expect_fin()
        tap.equal(gateway.state()['too_big'], 1, 'refusals counted')


FRAGMENTS = 100_000


@tap.case(f'{FRAGMENTS} fragments of one byte are one message', BINARY)
@tap.case(f'{FRAGMENTS} fragments of one byte are one text', TEXT)
def one_byte_fragments(opcode):
    with served() as (gateway, quiet), wire.connect(gateway) as client:
        payload = (b'\xf0\x9f\x8c\x8d' if opcode == TEXT else os.urandom(4)) * (FRAGMENTS // 4)
        key = bytes(4)
        frames = [frame(opcode if at == 0 else CONTINUATION, payload[at:at + 1],
                        fin=at == FRAGMENTS - 1, key=key) for at in range(FRAGMENTS)]
        sender = threading.Thread(target=client.send, args=(b''.join(frames),))
        sender.start()
        tap.check(client.data(FRAGMENTS) == payload, 'the echo differs')
        sender.join()
        tap.equal(gateway.state()['messages_in'], 1, 'messages')
        expect_echo(quiet)
        client.close_in_order()


FLOOD_ECHOES = 40


@tap.case('fragments of no byte without end: the worker takes turns, others are served',
          frame(CONTINUATION, b'', fin=False, key=bytes(4)))
@tap.case('pings without end: the worker takes turns, others are served',
          frame(PING, b'', key=bytes(4)))
def endless(one):
    with served() as (gateway, quiet), wire.connect(gateway) as client:
        client.send(frame(BINARY, b'', fin=False))
        block = one * 100_000
        before = gateway.resident_bytes()
        flood = {'sent': 0, 'on': True}

        def write():
            client.socket.settimeout(0.1)
            with contextlib.suppress(OSError):
                while flood['on']:
                    with contextlib.suppress(socket.timeout):
                        flood['sent'] += client.socket.send(block[flood['sent'] % len(one):])

        def read():
            with contextlib.suppress(OSError):
                while flood['on']:
                    select.select([client.socket], [], [], 0.1)
                    with contextlib.suppress(BlockingIOError):
                        client.socket.recv(1 << 20, socket.MSG_DONTWAIT)
        threads = [threading.Thread(target=each) for each in (write, read)]
        for each in threads:
            each.start()
        at_first = gateway.state()
        began = time.monotonic()
        for _ in range(FLOOD_ECHOES):
            expect_echo(quiet)
        seconds = time.monotonic() - began
        at_last = gateway.state()
        flood['on'] = False
        for each in threads:
            each.join()
        turns = at_last['turns'] - at_first['turns']
        frames = (at_last['client_bytes_in'] - at_first['client_bytes_in']) // len(one)
        print(f'# {frames} frames in {seconds:.1f} s, {turns} turns, beside {FLOOD_ECHOES} '
              f'echoes', flush=True)
        tap.check(frames > 10_000, 'that was no flood')
        # A turn takes from one socket at most a window and the rest of a receive buffer.
        tap.check(frames * len(one) < turns * (WINDOW + (64 << 10)), 'a turn took more than that')
        grown = gateway.resident_bytes() - before
        tap.check(grown < 32 << 20, f'{grown} bytes more memory')
        client.reset()


if __name__ == '__main__':
    sys.exit(tap.main())
