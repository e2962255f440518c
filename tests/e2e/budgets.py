#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Limits on sessions, over all workers, and which server of a backend a session goes to."""
import contextlib
import socket
import sys

import backends
import harness
import tap
import wire
from wire import BINARY, frame


def expect_refused(gateway, status, word, path='/ws'):
    """One more client gets `status`, with `word` in its sentence."""
    with wire.Client(gateway.address) as client:
        client.send(wire.request(path))
        client.expect_refusal(status, word)


def expect_lives(client, text=b'alive'):
    client.send(frame(BINARY, text))
    tap.equal(client.data(len(text)), text)


def limited(limits=None, route=None, counter='', status=503, word=''):
    """With two workers: three sessions fit, the fourth is refused, and fits when one has ended."""
    with backends.Echo() as echo, \
            harness.Gateway(echo.port, workers=2, limits=limits, route=route) as gateway:
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(wire.connect(gateway)) for _ in range(3)]
            for _ in range(8):  # they meet either worker
                expect_refused(gateway, status, word)
            for client in clients:
                expect_lives(client)
            clients[0].close_in_order()
            harness.wait_for(lambda: gateway.state()['sessions'] == 2, 'the session to be gone')
            clients[0] = stack.enter_context(wire.connect(gateway))
            expect_refused(gateway, status, word)
            for client in clients:
                client.close_in_order()
        tap.equal(gateway.expect_idle()[counter], 9, counter)


@tap.case('at sessions_max the next client gets a 503')
def sessions_max():
    limited(limits={'sessions_max': 3}, counter='refused_by_sessions_max', word='the gateway')


@tap.case('at sessions_per_address the next client of the address gets a 429')
def sessions_per_address():
    limited(limits={'sessions_per_address': 3}, counter='refused_by_address', status=429,
            word='your address')


@tap.case('a limit for each address leaves other addresses alone')
def other_addresses():
    with backends.Echo() as echo, \
            harness.Gateway(echo.port, limits={'sessions_per_address': 1}) as gateway:
        with contextlib.ExitStack() as stack:
            for last in range(2, 12):
                bind = (f'127.0.0.{last}', 0)
                client = stack.enter_context(wire.Client(gateway.address, bind=bind))
                client.handshake()
                expect_lives(client)
                client.close_in_order()


@tap.case("at a route's sessions_max the next client gets a 503")
def sessions_of_route():
    limited(route={'sessions_max': 3}, counter='refused_by_route', word='this route')


@tap.case('who has not asked for anything does not count: others get what there is')
def half_open_does_not_count():
    with backends.Echo() as echo, \
            harness.Gateway(echo.port, limits={'sessions_max': 1}) as gateway, \
            contextlib.ExitStack() as stack:
        silent = [stack.enter_context(wire.Client(gateway.address)) for _ in range(20)]
        with wire.connect(gateway) as first:
            expect_lives(first)
            silent[0].send(wire.request())
            silent[0].expect_refusal(503, 'the gateway')
            expect_lives(first)
            first.close_in_order()


def count_accepted(backend):
    """The connections that wait at a backend, each closed."""
    backend.socket.setblocking(False)
    count = 0
    while True:
        try:
            backend.accept().close()
            count += 1
        except BlockingIOError:
            return count


@tap.case('the server with the fewest sessions gets the next one, over all workers')
def fewest_sessions():
    with contextlib.ExitStack() as stack:
        first, second = [stack.enter_context(backends.Backend()) for _ in range(2)]
        gateway = stack.enter_context(harness.Gateway(first.port, second.port, workers=2))
        clients = [stack.enter_context(wire.connect(gateway)) for _ in range(20)]
        held = {first: [], second: []}
        for backend, connections in held.items():
            for _ in range(10):
                connections.append(stack.enter_context(backend.accept()))
        # Six sessions of the first server end; the next six go there.
        for connection in held[first][:6]:
            connection.close()
        harness.wait_for(lambda: gateway.state()['backend_resets'] == 0 and
                         len([each for each in clients if has_close(each)]) == 6, 'six Closes')
        for client in [each for each in clients if has_close(each)]:
            client.answer_close(1000)
        harness.wait_for(lambda: gateway.state()['sessions'] == 14, 'six sessions to be gone')
        for _ in range(6):
            stack.enter_context(wire.connect(gateway))
        tap.equal([count_accepted(first), count_accepted(second)], [6, 0], 'new sessions')
        for client in clients:
            client.close()


def has_close(client):
    """Whether bytes wait for the client: none but a Close ever does here."""
    client.socket.setblocking(False)
    try:
        return bool(client.buffer) or bool(client.socket.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        client.socket.settimeout(wire.SECONDS)


def refusing_port():
    """A port of this machine where nobody listens; the socket keeps others from taking it."""
    holder = socket.socket()
    holder.bind(('127.0.0.1', 0))
    return holder, holder.getsockname()[1]


@tap.case('a server that refuses is passed over, the session goes to the next')
def next_server():
    with contextlib.ExitStack() as stack:
        dead = [refusing_port() for _ in range(3)]
        for holder, _ in dead:
            stack.enter_context(holder)
        echo = stack.enter_context(backends.Echo())
        ports = [dead[0][1], dead[1][1], echo.port, dead[2][1]]
        gateway = stack.enter_context(harness.Gateway(*ports))
        for number in range(12):
            with wire.connect(gateway) as client:
                expect_lives(client, b'%04d' % number)
                client.close_in_order()
        state = gateway.expect_idle()
        # Each is found dead once, and avoided for a while.
        tap.check(3 <= state['dials_failed'] < 12, f'{state["dials_failed"]} failed dials')
        tap.equal(state['dials_of_next_server'], state['dials_failed'], 'second dials')


@tap.case('when every server refuses the client gets one 502')
def every_server_refuses():
    with contextlib.ExitStack() as stack:
        dead = [refusing_port() for _ in range(3)]
        for holder, _ in dead:
            stack.enter_context(holder)
        gateway = stack.enter_context(harness.Gateway(*[port for _, port in dead]))
        expect_refused(gateway, 502, 'refused')
        tap.equal(gateway.expect_idle()['dials'], 3, 'dials')


@tap.case('connections leave from the addresses in source, in turn')
def sources():
    sources_ = ['127.0.0.11', '127.0.0.12', '127.0.0.13']
    with backends.Backend() as backend, \
            harness.Gateway(backend.port, backend={'source': sources_}) as gateway:
        seen = []
        for _ in range(6):
            with wire.connect(gateway) as client, backend.accept() as connection:
                seen.append(connection.socket.getpeername()[0])
                connection.close()
                client.answer_close(1000)
        tap.equal(seen, sources_ * 2, 'where they came from')


@tap.case('a source that is no address of this machine is a 502 and a hint in the log')
def no_such_source():
    with backends.Backend() as backend, \
            harness.Gateway(backend.port, backend={'source': ['192.0.2.1']}) as gateway:
        expect_refused(gateway, 502, 'no such address')
        gateway.wait_log('warn.* dial to .* failed: an address in the backend\'s `source` is none')


if __name__ == '__main__':
    sys.exit(tap.main())
