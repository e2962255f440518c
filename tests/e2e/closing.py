#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every way in which a session ends: what each side gets, and what the log says of it."""
import contextlib
import os
import select
import sys
import threading
import time

import backends
import harness
import tap
import wire
from wire import BINARY, CLOSE, PING, PONG, close_payload, frame


@contextlib.contextmanager
def session(limits=None, **options):
    """(gateway, client, the backend's end of the session)."""
    with backends.Backend() as backend, \
            harness.Gateway(backend.port, limits=limits, **options) as gateway, \
            wire.connect(gateway) as client, backend.accept() as connection:
        yield gateway, client, connection


def hang_up(client, connection):
    """Ends both sides of a session that the gateway has ended already."""
    connection.close()
    client.expect_fin()
    client.close()


# ---- The client ends ----------------------------------------------------------------------------

@tap.case('a Close with code 1000 is echoed; the backend got all data before it, then FIN', 1000)
@tap.case('a Close with code 1001 is echoed', 1001)
@tap.case('a Close with code 1011 is echoed', 1011)
@tap.case('a Close with code 3000 is echoed', 3000)
@tap.case('a Close with code 4999 is echoed', 4999)
def client_close(code):
    with session() as (gateway, client, connection):
        payload = os.urandom(200_000)
        client.send(frame(BINARY, payload) + frame(CLOSE, close_payload(code, 'schluß')))
        client.expect_close(code, 'schluß')
        connection.expect_all(payload)
        hang_up(client, connection)
        gateway.expect_end(side='client', reason='close', code=code, upgraded=1, cut=0,
                           backend_out=len(payload), messages_in=1)


@tap.case('a Close without a code is answered by one without a code')
def client_close_without_code():
    with session() as (gateway, client, connection):
        client.send(frame(CLOSE))
        client.expect_close(None)
        connection.expect_all(b'')
        hang_up(client, connection)
        gateway.expect_end(side='client', reason='close', code=1005)


@tap.case('what the backend still sends after the Close of the client is discarded')
def backend_sends_after_close():
    with session() as (gateway, client, connection):
        connection.send(b'before')
        tap.equal(client.data(6), b'before')
        client.send(frame(CLOSE, close_payload(1000)))
        client.expect_close(1000)
        connection.expect_all(b'')
        for _ in range(100):
            connection.send(bytes(100_000))
        connection.wait_until_read()
        hang_up(client, connection)
        gateway.expect_end(side='client', reason='close', code=1000, backend_in=10_000_006)


@tap.case('a ping behind the Close of the client is not answered')
def ping_after_close():
    with session() as (_, client, connection):
        client.send(frame(CLOSE, close_payload(1000)) + frame(PING, b'late'))
        client.expect_close(1000)
        connection.expect_all(b'')
        hang_up(client, connection)


@tap.case('a client that ends its stream without a Close: the backend gets its data, then FIN',
          'shutdown')
@tap.case('a client that is closed without a Close frame is gone', 'close')
@tap.case('a client that resets is gone', 'reset')
def client_vanishes(how):
    with session() as (gateway, client, connection):
        client.send(frame(BINARY, b'last words'))
        tap.equal(connection.take(10), b'last words')
        if how == 'shutdown':
            client.send(frame(BINARY, b'and more'))
            client.socket.shutdown(1)
            connection.expect_all(b'and more')
            connection.close()
            client.expect_fin()
        else:
            (client.close if how == 'close' else client.reset)()
            connection.expect_all(b'')
            connection.close()
        gateway.expect_end(side='client', reason='gone', code=1006, upgraded=1, cut=0)


@tap.case('a client that vanishes inside a frame: the backend gets what came of it, then FIN')
def client_vanishes_inside_frame():
    with session() as (gateway, client, connection):
        client.send(frame(BINARY, bytes(1000))[:608])
        tap.equal(len(connection.take(600)), 600)
        client.close()
        connection.expect_all(b'')
        connection.close()
        gateway.expect_end(side='client', reason='gone', code=1006)


# ---- The backend ends ---------------------------------------------------------------------------

@tap.case('FIN of the backend: the client gets all data, then Close 1000')
def backend_fin():
    with session() as (gateway, client, connection):
        payload = os.urandom(300_000)
        sender = threading.Thread(target=lambda: (connection.send(payload), connection.close()))
        sender.start()
        tap.equal(client.data(len(payload)), payload, 'data before the Close')
        sender.join()
        client.answer_close(1000)
        gateway.expect_end(side='backend', reason='end', code=1000, cut=0,
                           backend_in=len(payload))


@tap.case('half-close of the backend: it receives the data of the client until the Close of it')
def backend_half_close():
    with session() as (gateway, client, connection):
        connection.send(b'answer')
        connection.half_close()
        tap.equal(client.data(6), b'answer')
        client.expect_close(1000)
        payload = os.urandom(300_000)
        for at in range(0, len(payload), 50_000):
            client.send(frame(BINARY, payload[at:at + 50_000]))
        tap.equal(connection.take(len(payload)), payload)
        client.send(frame(BINARY, b'the end') + frame(CLOSE, close_payload(1000)))
        connection.expect_all(b'the end')
        hang_up(client, connection)
        gateway.expect_end(side='backend', reason='end', code=1000)


@tap.case('RST of the backend: Close 1011')
def backend_reset():
    with session() as (gateway, client, connection):
        connection.send(b'before')
        tap.equal(client.data(6), b'before')
        connection.reset()
        client.answer_close(1011)
        gateway.expect_end(side='backend', reason='reset', code=1011, cut=0)


@tap.case('RST of the backend while the client sends: Close 1011, and the client is read on')
def backend_reset_under_load():
    with session() as (gateway, client, connection):
        client.send(frame(BINARY, bytes(500_000)))
        connection.take(1000)
        connection.reset()
        client.expect_close(1011)
        for _ in range(20):
            client.send(frame(BINARY, bytes(500_000)))
        client.send(frame(CLOSE, close_payload(1011)))
        client.expect_fin()
        client.close()
        gateway.expect_end(side='backend', reason='reset', code=1011, cut=0)


@tap.case('a backend that ends inside a character of a text route: 1007')
def backend_ends_inside_character():
    with session(route={'frames': 'text'}) as (gateway, client, connection):
        connection.send('gr'.encode() + b'\xc3')
        tap.equal(client.data(2, wire.TEXT), b'gr')
        connection.close()
        client.answer_close(1007)
        gateway.expect_end(side='gateway', reason='invalid-payload', code=1007)


@tap.case('both sides close at the same time: the client is not sent a second Close')
def both_close():
    with session() as (gateway, client, connection):
        connection.close()
        client.expect_close(1000)
        client.send(frame(CLOSE, close_payload(4000)))
        client.expect_fin()
        client.close()
        gateway.expect_end(side='backend', reason='end', code=1000)


# ---- The clock ends -----------------------------------------------------------------------------

@tap.case('a client that never answers the Close is cut after close_timeout')
def close_timeout():
    with session({'close_timeout': '300ms'}) as (gateway, client, connection):
        connection.close()
        client.expect_close(1000)
        gateway.expect_end(side='backend', reason='end', code=1000, cut=1)
        client.expect_fin()


@tap.case('a backend that never ends after the Close of the client is cut after close_timeout')
def close_timeout_of_backend():
    with session({'close_timeout': '300ms'}) as (gateway, client, connection):
        client.send(frame(CLOSE, close_payload(1000)))
        client.expect_close(1000)
        connection.expect_all(b'')
        client.expect_fin()
        client.close()
        gateway.expect_end(side='client', reason='close', code=1000, cut=1)


@tap.case('a client that ignores pings is closed with 1001')
def pong_timeout():
    limits = {'ping_interval': '200ms', 'pong_timeout': '200ms'}
    with session(limits) as (gateway, client, connection):
        tap.equal(client.frame(), (PING, b'', True))
        got = client.frame()
        tap.equal((got.opcode, got.payload[:2]), (CLOSE, close_payload(1001)))
        connection.expect_all(b'')
        hang_up(client, connection)
        gateway.expect_end(side='gateway', reason='pong-timeout', code=1001)


@tap.case('a client that answers pings lives on, by a pong', frame(PONG))
@tap.case('a client that answers pings lives on, by any data', frame(BINARY, b'x'))
def answers_pings(answer):
    limits = {'ping_interval': '200ms', 'pong_timeout': '3s'}
    with session(limits) as (gateway, client, connection):
        end = time.monotonic() + 4
        while time.monotonic() < end:
            tap.equal(client.frame().opcode, PING)
            client.send(answer)
        client.send(frame(BINARY, b'alive') + frame(CLOSE, close_payload(1000)))
        tap.equal(connection.take_all().lstrip(b'x'), b'alive')
        client.expect_close(1000)
        hang_up(client, connection)
        gateway.expect_end(side='client', reason='close')


@tap.case('pings come at ping_interval, though pong_timeout is longer')
def ping_interval():
    with session({'ping_interval': '100ms', 'pong_timeout': '1h'}) as (_, client, connection):
        tap.equal(client.frame().opcode, PING)
        for _ in range(2):
            client.send(frame(PONG))
            tap.equal(client.frame().opcode, PING)
        connection.close()
        client.answer_close(1000)


@tap.case('a session without a byte in either direction ends with 1001 after idle_timeout')
def idle_timeout():
    with session({'idle_timeout': '300ms'}) as (gateway, client, connection):
        client.answer_close(1001)
        connection.expect_all(b'')
        connection.close()
        gateway.expect_end(side='gateway', reason='idle', code=1001, cut=0)


@tap.case('bytes of the client keep a session from being idle', 'client')
@tap.case('bytes of the backend keep a session from being idle', 'backend')
def not_idle(who):
    with session({'idle_timeout': '3s'}) as (gateway, client, connection):
        end = time.monotonic() + 6
        while time.monotonic() < end:
            if who == 'client':
                client.send(frame(BINARY, b'x'))
                connection.take(1)
            else:
                connection.send(b'x')
                client.data(1)
            # Nothing comes; the wait is what passes the time.
            readable, _, _ = select.select([client.socket], [], [], 0.1)
            tap.check(not readable and not client.buffer, 'the gateway sent something')
        connection.close()
        client.answer_close(1000)
        gateway.expect_end(side='backend', reason='end')


# ---- All of them --------------------------------------------------------------------------------

@tap.case('a hundred sessions of mixed endings leave no descriptor behind')
def no_descriptor_left():
    with backends.Backend() as backend, harness.Gateway(backend.port) as gateway:
        for number in range(100):
            client, connection = wire.connect(gateway), backend.accept()
            client.send(frame(BINARY, b'x' * 1000))
            if number % 4 == 0:
                client.send(frame(CLOSE, close_payload(1000)))
                client.expect_close(1000)
            elif number % 4 == 1:
                client.reset()
            elif number % 4 == 2:
                connection.reset()
            else:
                client.send(frame(3))
            client.close()
            connection.close()
        for _ in range(100):
            gateway.next_end()
        gateway.expect_descriptors_as_before()


if __name__ == '__main__':
    sys.exit(tap.main())
