# SPDX-License-Identifier: Apache-2.0
"""A gateway under attack, with somebody beside the attacker who must not notice."""
import contextlib
import os

import backends
import harness
import tap
import wire
from wire import BINARY, frame

KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
REQUEST = wire.request(key=KEY)
# A window and receive buffers that are small beside what is thrown at them.
TIGHT = {'window': '1MiB', 'small_buffers': 64, 'bulk_buffers': 16}
WINDOW = 1 << 20
# All receive buffers of TIGHT with their rooms (64 x 4288 + 16 x 65728 bytes) are 1.3 MiB; the rest
# is for tables, chunks' edges and the process's own.
RESIDENT_SLACK = 4 << 20


@contextlib.contextmanager
def served(limits=None, **options):
    """(gateway, an open session that must go on working) in front of an echo."""
    with backends.Echo() as echo, harness.Gateway(echo.port, limits=limits, **options) as gateway:
        with wire.connect(gateway) as quiet:
            yield gateway, quiet
            expect_echo(quiet)
            quiet.close_in_order()


@contextlib.contextmanager
def played(limits=None, **options):
    """(gateway, backend that the test plays)."""
    with backends.Backend() as backend, \
            harness.Gateway(backend.port, limits=limits, **options) as gateway:
        yield gateway, backend


def expect_echo(client, size=100):
    payload = os.urandom(size)
    client.send(frame(BINARY, payload))
    tap.check(client.data(size) == payload, 'the echo differs')
