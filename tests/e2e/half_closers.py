#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that do not read and have sent their FIN, while their backend has ended too: what waits
for them waits at rest. A send that comes back at once because of the FIN would spin, or keep a
thread of the kernel busy."""
import contextlib
import socket
import sys
import time

import attacks
import backends
import beside
import tap

HALF_CLOSERS = 200
QUIET_SECONDS = 2
CPU_SECONDS_MAX = 0.3


@contextlib.contextmanager
def half_closed(stage, backend, mode):
    """All of them have stalled, then the clients have sent FIN and the backend has ended."""
    with attacks.sessions(stage, backend, HALF_CLOSERS, mode) as pairs:
        total = attacks.push_until_stalled([connection for _, connection in pairs],
                                            bytes(256 << 10))
        print(f'# {total >> 20} MiB wait for {HALF_CLOSERS} clients', flush=True)
        for client, _ in pairs:
            client.socket.shutdown(socket.SHUT_WR)
        for _, connection in pairs:
            connection.close()
        yield


def expect_rest(stage):
    """No work is done while nobody moves."""
    cpu, sends = beside.cpu_seconds(stage.gateway), stage.gateway.state()['sends']
    time.sleep(QUIET_SECONDS)
    cpu = beside.cpu_seconds(stage.gateway) - cpu
    sends = stage.gateway.state()['sends'] - sends
    print(f'# {cpu:.3f} s of CPU and {sends} sends in {QUIET_SECONDS} s of quiet', flush=True)
    beside.expect_no_kernel_thread(stage.gateway)
    tap.check(cpu < CPU_SECONDS_MAX, f'{cpu:.3f} s of CPU and {sends} sends')


@beside.case(f'{HALF_CLOSERS} stalled readers have sent FIN, so has their backend; tcp, pipes',
             {'mode': 'tcp'})
@beside.case(f'{HALF_CLOSERS} stalled readers have sent FIN, so has their backend; tcp, copies',
             {'mode': 'tcp', **attacks.COPIES})
def half_closers(scale, route):
    play(scale, route)


@tap.case(f'{HALF_CLOSERS} stalled readers have sent FIN, so has their backend; one slice waits')
def one_slice():
    # In mode "websocket" bytes go without a head of their own; the window is one chunk.
    play(beside.DEFAULTS, {'mode': 'websocket', **attacks.COPIES},
         limits={'window': '16KiB'})


def play(scale, route, limits=None):
    @contextlib.contextmanager
    def attack(stage):
        with half_closed(stage, backend, route['mode']):
            yield
    with backends.Backend() as backend:
        attacks.shrink(backend)
        with beside.stage(scale, attacked=backend.port, limits=limits,
                          route={'attacked': route}) as stage:
            stage.expect_unharmed(attack, expect_rest, grown_max=beside.pools_bytes(scale))


if __name__ == '__main__':
    sys.exit(beside.main())
