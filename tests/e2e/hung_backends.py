#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A backend that has stopped reading, and one that floods clients which do not read: what waits for
them is theirs, and sessions of another backend get all they want."""
import contextlib
import sys

import attacks
import backends
import beside
import tap
import wire

BLOCK = 256 << 10
UPLOADS = 600
STALLED_READERS = 1166


def tell(stage):
    state = stage.gateway.state()
    print(f'# {state["queued_bytes"] >> 10} KiB queued, {state["leases"]} leases, '
          f'{state["pool_exhausted"]} sessions ended for want of a buffer', flush=True)
    tap.equal(state['pool_exhausted'], 0, 'sessions ended for want of a buffer')


def play(scale, count, push):
    """`push(pairs)` makes so many sessions stall."""
    @contextlib.contextmanager
    def attack(stage):
        with attacks.sessions(stage, backend, count // scale.divide) as pairs:
            total = push(pairs)
            print(f'# {total >> 20} MiB went into {len(pairs)} sessions', flush=True)
            yield
    with backends.Backend() as backend:
        attacks.shrink(backend)
        with beside.stage(scale, attacked=backend.port) as stage:
            stage.expect_unharmed(attack, tell, grown_max=beside.pools_bytes(scale))


@beside.case(f'{UPLOADS} uploads to a backend that does not read', seconds=90)
def uploads(scale):
    block = wire.frame(wire.BINARY, bytes(BLOCK), key=bytes(4))
    play(scale, UPLOADS, lambda pairs: attacks.push_until_stalled(
        [client for client, _ in pairs], block))


@beside.case(f'{STALLED_READERS} clients that do not read what a backend floods', seconds=90)
def stalled_readers(scale):
    play(scale, STALLED_READERS, lambda pairs: attacks.push_until_stalled(
        [connection for _, connection in pairs], bytes(BLOCK)))


if __name__ == '__main__':
    sys.exit(beside.main())
