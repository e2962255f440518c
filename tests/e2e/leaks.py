#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rounds of sessions that talk and then end in every bad way. After each round the gateway holds
nothing of them, and from the fifth round on it does not grow.

Memory is compared after the fifth round because until then buffers are touched for the first
time."""
import contextlib
import os
import pathlib
import re
import sys
import threading

import backends
import harness
import tap
import wire
from wire import BINARY, CONTINUATION, PING, frame

ROUNDS = 20
SETTLED = 5
SESSIONS = 40
NAMES = ('Rss', 'Pss_Anon')
# A session that lost one small receive buffer in each round would cost SESSIONS x 15 x 4 KiB =
# 2.3 MiB, one that lost a cell 410 KiB; a page table or an allocator's page more is no leak.
SLACK = 256 << 10
# So few buffers that all of them were touched after five rounds.
LIMITS = {'small_buffers': 64, 'bulk_buffers': 16, 'chunks': 64, 'cells': 512,
          'sessions_per_worker': 256}


def memory(gateway):
    """{name: bytes}. Of the proportional set the anonymous part: the share in pages of libraries
    changes with the processes beside this one."""
    text = pathlib.Path(f'/proc/{gateway.pid}/smaps_rollup').read_text()
    return {name: int(re.search(rf'^{name}:\s+(\d+) kB', text, re.M).group(1)) << 10
            for name in NAMES}


def touch_chunks(gateway):
    """How many chunks a round needs at once is a matter of the machine's mood: touches all that
    heads may have."""
    with contextlib.ExitStack() as stack:
        for _ in range(4 * LIMITS['chunks']):
            client = stack.enter_context(wire.Client(gateway.address))
            with contextlib.suppress(ConnectionError):
                client.send(wire.request(X_Fill='x' * 16_000)[:-2])
        harness.steady(lambda: gateway.state()['leases'], 'the chunks to be taken')


def abort_idle(client):
    client.reset()


def fin_idle(client):
    client.close()


def abort_inside_frame(client):
    client.send(frame(BINARY, bytes(70_000))[:40_000])
    client.reset()


def abort_inside_header(client):
    client.send(frame(PING, bytes(100))[:5])
    client.reset()


def abort_inside_message(client):
    client.send(frame(BINARY, b'x', fin=False) + frame(CONTINUATION, b'y', fin=False))
    client.reset()


def abort_unread_echo(client):
    client.send(frame(BINARY, bytes(200_000)))
    client.reset()


def break_the_rules(client):
    client.send(wire.unmasked_frame(BINARY, b'x'))
    client.expect_close(1002)
    client.reset()


def close_and_run(client):
    client.send(frame(wire.CLOSE, wire.close_payload(1000)))
    client.close()


ENDINGS = [abort_idle, fin_idle, abort_inside_frame, abort_inside_header, abort_inside_message,
           abort_unread_echo, break_the_rules, close_and_run, wire.Client.close_in_order]


def talk_and_end(gateway, number):
    """A session with its traffic, or a handshake that comes to nothing."""
    if number % 10 == 9:
        client = wire.Client(gateway.address)
        client.send(wire.request()[:number * 3])
        client.reset()
        return
    client = wire.connect(gateway)
    for size in (1, 5000, 100_000):
        payload = os.urandom(size)
        sender = threading.Thread(target=client.send, args=(frame(BINARY, payload),))
        sender.start()
        tap.check(client.data(size) == payload, 'the echo differs')
        sender.join()
    ENDINGS[number % len(ENDINGS)](client)


@tap.case(f'{ROUNDS} rounds of aborted sessions: nothing is left, nothing grows, one worker', 1)
@tap.case(f'{ROUNDS} rounds of aborted sessions: nothing is left, nothing grows, two workers', 2)
def rounds_of_aborts(workers):
    with backends.Echo() as echo, \
            harness.Gateway(echo.port, workers=workers, limits=LIMITS) as gateway:
        touch_chunks(gateway)
        accepted = gateway.expect_idle()['accepted']
        after = []
        for _ in range(ROUNDS):
            threads = [threading.Thread(target=talk_and_end, args=(gateway, number))
                       for number in range(SESSIONS)]
            for batch in range(0, SESSIONS, 10):
                for each in threads[batch:batch + 10]:
                    each.start()
                for each in threads[batch:batch + 10]:
                    each.join()
            gateway.expect_idle()
            after.append(memory(gateway))
        state = gateway.state()
        tap.equal(state['accepted'] - accepted, ROUNDS * SESSIONS, 'clients')
        tap.equal(state['sessions_opened'], state['sessions_ended'], 'sessions opened and ended')
        for name in NAMES:
            grown = after[-1][name] - after[SETTLED - 1][name]
            print(f'# {name} after round {SETTLED}: {after[SETTLED - 1][name] >> 10} KiB, '
                  f'after round {ROUNDS}: {grown >> 10} KiB more', flush=True)
            tap.check(grown < SLACK, f'{name} grew by {grown} bytes')


if __name__ == '__main__':
    sys.exit(tap.main())
