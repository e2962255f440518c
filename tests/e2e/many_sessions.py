#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Thousands of sessions at once, each with its own random messages, verified by checksum.

The seed is printed; RINGWAY_E2E_SEED gives it back."""
import asyncio
import hashlib
import random
import resource
import sys

import backends
import harness
import tap

try:
    import websockets
except ImportError:
    websockets = None

SESSIONS = 2000
BYTES_MAX = 40_000
# Handshakes under way at once: a listening socket's queue has room for so many.
OPENING_MAX = 200
SIZES = [0, 1, 2, 125, 126, 127, 1000, 4095, 4096, 4097, 16_384, 65_535]


def plan(chance):
    """A session's messages, each as the sizes of its fragments."""
    messages = []
    limit = chance.randrange(BYTES_MAX)
    while sum(map(sum, messages)) < limit:
        messages.append([chance.choice(SIZES) for _ in range(chance.randrange(1, 5))])
    return messages


async def send_all(client, chance, messages):
    """Sends random bytes as planned, with pings between; returns their checksum."""
    sent = hashlib.sha256()
    for sizes in messages:
        pieces = [chance.randbytes(size) for size in sizes]
        for piece in pieces:
            sent.update(piece)

        async def fragments(of=tuple(pieces)):
            for piece in of:
                yield piece
        await client.send(pieces[0] if len(pieces) == 1 else fragments())
        if chance.random() < 0.2:
            await client.ping()
    return sent.hexdigest()


async def converse(url, number, gates):
    """One session. Its number, which every complaint names, makes it again with the seed."""
    chance = random.Random(f'{tap.seed}/{number}')
    messages = plan(chance)
    total = sum(map(sum, messages))
    async with gates.opening:
        client = await websockets.connect(url, max_size=None, open_timeout=30, compression=None,
                                          ping_interval=None)
    try:
        gates.opened += 1
        await gates.start.wait()
        sending = asyncio.create_task(send_all(client, chance, messages))
        got = hashlib.sha256()
        received = 0
        while received < total:
            message = await asyncio.wait_for(client.recv(), 30)
            got.update(message)
            received += len(message)
        tap.equal(received, total, f'bytes of session {number}')
        tap.equal(got.hexdigest(), await sending, f'checksum of session {number}')
    finally:
        await client.close()
    return received


class Gates:
    """What holds sessions back until all are open."""

    def __init__(self):
        self.opening = asyncio.Semaphore(OPENING_MAX)
        self.start = asyncio.Event()
        self.opened = 0


async def converse_all(gateway):
    """Opens all sessions, then lets them talk; returns their bytes of payload."""
    gates = Gates()
    everybody = asyncio.gather(*[converse(gateway.url(), number, gates)
                                 for number in range(SESSIONS)])
    while gates.opened < SESSIONS and not everybody.done():
        await asyncio.sleep(0.01)
    if not everybody.done():
        state = gateway.state()
        tap.equal((state['sessions'], state['links']), (SESSIONS, 2 * SESSIONS), 'open at once')
        gates.start.set()
    return sum(await everybody)


@tap.case(f'{SESSIONS} sessions at once get their own bytes back, one worker', 1, seconds=90)
@tap.case(f'{SESSIONS} sessions at once get their own bytes back, two workers', 2, seconds=90)
def many(workers):
    # Of this process: a client's and a backend's end for each session.
    files = 2 * SESSIONS + 200
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < 2 * files:
        raise tap.Skip(f'{hard} open files are not enough')
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    print(f'# RINGWAY_E2E_SEED={tap.seed}', flush=True)
    with backends.Echo() as echo, harness.Gateway(echo.port, workers=workers) as gateway:
        total = asyncio.run(converse_all(gateway))
        ends = harness.wait_for(lambda: len(gateway.ends()) >= SESSIONS and gateway.ends(),
                                f'{SESSIONS} ends')
        tap.equal(len(ends), SESSIONS, 'sessions')
        for end in ends:
            tap.equal((end['side'], end['reason'], end['code']), ('client', 'close', '1000'))
        tap.equal(sum(int(end['backend_out']) for end in ends), total, 'bytes to the backend')
        tap.equal(sum(int(end['backend_in']) for end in ends), total, 'bytes of the backend')
        gateway.expect_idle()


if __name__ == '__main__':
    sys.exit(tap.main(skip=None if websockets else 'python3-websockets is not installed'))
