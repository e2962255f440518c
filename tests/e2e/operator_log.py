#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What stands in the log at level info when something is refused, missing or back."""
import re
import signal
import sys

import backends
import harness
import tap
import wire

INFO = {'gateway': {'log_level': 'info'}}


def refused(gateway, status, path='/ws', **headers):
    with wire.Client(gateway.address) as client:
        client.send(wire.request(path, **headers))
        tap.equal(client.response().status, status, 'status')


@tap.case('a refused origin has its route, origin, host, path and client')
def origin():
    route = {'route': {'origins': ['https://good.example']}}
    with harness.Gateway(1, **route, **INFO) as gateway:
        refused(gateway, 403, host='desk.example', path='/ws?x=y',
                Origin='https://bad.example/"')
        gateway.wait_log(r'info refused origin="https://bad\.example/\\"" route=r '
                         r'host="desk\.example" path="/ws" client=127\.0\.0\.1:\d+: ')
        tap.equal(gateway.state()['refused_by_origin'], 1, 'refused_by_origin')


@tap.case('a server that is ejected and back is told, with the reason of its last dial')
def ejected_and_back():
    with backends.Backend() as backend:
        port = backend.port
    rules = {'backend': {'failures_max': 2, 'eject_time': '1ms', 'eject_time_max': '1ms'}}
    with harness.Gateway(port, **rules, **INFO) as gateway:
        for _ in range(2):
            refused(gateway, 502)
        name = rf'backend "b": server 127\.0\.0\.1:{port}'
        gateway.wait_log(rf'info {name} is ejected for at least 1ms: dials failed, the last one: '
                         'Connection refused$')
        with backends.Backend(port=port) as again, wire.connect(gateway) as client:
            with again.accept() as connection:
                gateway.wait_log(rf'info {name} is back: a dial succeeded$')
                client.send(wire.frame(wire.CLOSE, wire.close_payload(1000)))
                connection.expect_all(b'')
                connection.close()
                client.expect_close(1000)
                client.expect_fin()


@tap.case('SIGUSR1 tells how dials of each server failed')
def dial_failures():
    with backends.Backend() as backend:
        dead = backend.port
    options = {'backend': {'connect_timeout': '300ms', 'failures_max': 0}}
    with backends.FullBackend() as full:
        with harness.Gateway(dead, full.port, **options, **INFO) as gateway:
            for _ in range(3):
                refused(gateway, 502)
            gateway.wait_log(r'warning dial to .* failed: ')
            gateway.signal(signal.SIGUSR1)
            line = r'info dials backend=b server=127\.0\.0\.1'
            gateway.wait_log(rf'{line}:{dead} refused=\d+$')
            gateway.wait_log(rf'{line}:{full.port} timed_out=\d+$')


@tap.case('that ?token= is not looked at is told once for each route')
def token():
    with harness.Gateway(1, **INFO) as gateway:
        for _ in range(3):
            refused(gateway, 502, path='/ws?token=desk1')
        gateway.wait_log(r'info route "r": a client asks with \?token=, which is not looked at')
        gateway.state()
        tap.equal(len(re.findall('which is not looked at', gateway.log())), 1, 'lines')


if __name__ == '__main__':
    sys.exit(tap.main())
