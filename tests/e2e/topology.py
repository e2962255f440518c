#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""More than one of something: address families, workers, servers, listeners, routes."""
import contextlib
import pathlib
import re
import socket
import sys

import backends
import harness
import tap
import wire
from wire import BINARY, frame


def need_ipv6():
    try:
        with socket.create_server(('::1', 0), family=socket.AF_INET6):
            return
    except OSError as error:
        raise tap.Skip(f'no IPv6 loopback: {error}') from None


def exchange(gateway, text, path='/ws'):
    """A session from its handshake to its end; returns what came back for `text`."""
    with wire.connect(gateway, path) as client:
        client.send(frame(BINARY, text))
        got = client.data(len(text))
        client.close_in_order()
    return got


@tap.case('an IPv6 listener in front of an IPv6 backend')
def ipv6():
    need_ipv6()
    with backends.Echo('::1') as echo, \
            harness.Gateway(f'[::1]:{echo.port}', address='[::1]:0') as gateway:
        tap.equal(gateway.host, '::1', 'host')
        tap.equal(exchange(gateway, b'six'), b'six')
        end = gateway.expect_end(side='client', reason='close')
        tap.check(re.fullmatch(r'\[::1\]:\d+', end['client']), end['client'])


@tap.case('an IPv6 listener in front of an IPv4 backend')
def ipv6_to_ipv4():
    need_ipv6()
    with backends.Echo() as echo, harness.Gateway(echo.port, address='[::1]:0') as gateway:
        tap.equal(exchange(gateway, b'six to four'), b'six to four')


@tap.case('a backend by name')
def by_name():
    with backends.Echo('localhost') as echo, \
            harness.Gateway(f'localhost:{echo.port}') as gateway:
        tap.equal(exchange(gateway, b'named'), b'named')


def turns_of_threads(gateway):
    """{name: how often it slept} of the gateway's worker threads."""
    turns = {}
    for task in pathlib.Path(f'/proc/{gateway.pid}/task').iterdir():
        name = (task / 'comm').read_text().strip()
        status = (task / 'status').read_text()
        slept = re.search(r'^voluntary_ctxt_switches:\s+(\d+)', status, re.M)
        if re.fullmatch(r'ringway-\d+', name):
            turns[name] = int(slept.group(1))
    return turns


@tap.case('two workers share the sessions')
def two_workers():
    with backends.Echo() as echo, harness.Gateway(echo.port, workers=2) as gateway:
        before = turns_of_threads(gateway)
        tap.equal(sorted(before), ['ringway-0', 'ringway-1'])
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(wire.connect(gateway)) for _ in range(64)]
            for number, client in enumerate(clients):
                client.send(frame(BINARY, b'%05d' % number))
            for number, client in enumerate(clients):
                tap.equal(client.data(5), b'%05d' % number)
            for client in clients:
                client.close_in_order()
        after = turns_of_threads(gateway)
        for name, turns in before.items():
            tap.check(after[name] - turns >= 10, f'{name} did next to nothing: {before} {after}')


@tap.case('servers with equally many sessions are used in turn')
def servers_in_turn():
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(backends.Backend()) for _ in range(3)]
        gateway = stack.enter_context(harness.Gateway(*[each.port for each in servers]))
        for _ in range(3):
            clients = [stack.enter_context(wire.connect(gateway)) for _ in servers]
            for server in servers:
                server.accept().close()
            for client in clients:
                client.answer_close(1000)
            harness.wait_for(lambda: gateway.state()['sessions'] == 0, 'the sessions to be gone')
        for server in servers:
            server.socket.setblocking(False)
            try:
                server.accept()
            except BlockingIOError:
                continue
            raise AssertionError('a server got more than its turn')


@tap.case('two listeners have routes of their own, the first route that fits is taken')
def listeners_and_routes():
    with contextlib.ExitStack() as stack:
        fixed, below, other = [stack.enter_context(backends.Backend()) for _ in range(3)]
        route = {'mode': 'tcp'}
        gateway = stack.enter_context(harness.Gateway(text=harness.toml([
            ('[gateway]', {'workers': 1, 'log_level': 'debug'}),
            ('[[listener]]', {'name': 'one', 'address': '127.0.0.1:0'}),
            ('[[listener]]', {'name': 'two', 'address': '127.0.0.1:0'}),
            ('[[route]]', {'name': 'fixed', 'listener': 'one', 'path': '/a/b', 'backend': 'fixed',
                           **route}),
            ('[[route]]', {'name': 'below', 'listener': 'one', 'path': '/a/*', 'backend': 'below',
                           **route}),
            ('[[route]]', {'name': 'other', 'listener': 'two', 'path': '/a/b', 'backend': 'other',
                           **route}),
            *[('[[backend]]', {'name': name, 'servers': [f'127.0.0.1:{each.port}']})
              for name, each in (('fixed', fixed), ('below', below), ('other', other))],
        ])))
        for listener, path, backend, name in (('one', '/a/b', fixed, 'fixed'),
                                              ('one', '/a/c', below, 'below'),
                                              ('two', '/a/b', other, 'other')):
            with wire.Client(('127.0.0.1', gateway.ports[listener])) as client:
                client.handshake(path)
                backend.accept().close()
                client.answer_close(1000)
            gateway.expect_end(route=name, side='backend')


@tap.case('at sessions_per_worker accept waits, and goes on when a session ends')
def sessions_limit():
    limits = {'sessions_per_worker': 2}
    with backends.Echo() as echo, harness.Gateway(echo.port, limits=limits) as gateway:
        first, second = wire.connect(gateway), wire.connect(gateway)
        with wire.Client(gateway.address) as third:
            gateway.wait_log('warn.* accept waits: every session slot is taken')
            third.send(wire.request(key='dGhlIHNhbXBsZSBub25jZQ=='))
            second.send(frame(BINARY, b'still here'))
            tap.equal(second.data(10), b'still here')
            tap.equal(bytes(third.buffer), b'', 'bytes for the one that waits')
            first.close_in_order()
            third.expect_101('dGhlIHNhbXBsZSBub25jZQ==')
            third.close_in_order()
        second.close_in_order()


if __name__ == '__main__':
    sys.exit(tap.main())
