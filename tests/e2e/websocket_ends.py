#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How a session of mode = "websocket" ends: half-closes in every order with bytes still queued,
limits of inspect = "headers", idling, resets, SIGTERM."""
import contextlib
import signal
import sys
import time

import harness
import tap
import wire
from passing import InThread, ask, played, read_request, session, switching
from wire import BINARY, CLOSE, CONTINUATION, PING, TEXT, close_payload, frame, unmasked_frame

KEY = b'\x12\x34\x56\x78'
# More than a window and all socket buffers between the two ends hold.
LARGE = [frame(BINARY, bytes([number]) * 65536, key=KEY) for number in range(200)]
FROM_CLIENT = b''.join(LARGE)
FROM_BACKEND = b''.join(unmasked_frame(BINARY, bytes([number]) * 65536) for number in range(200))
CLIENT_CLOSE = frame(CLOSE, close_payload(1000), key=KEY)
BACKEND_CLOSE = unmasked_frame(CLOSE, close_payload(1000))
ROUTES = {'splice = "auto"': {}, 'splice = "off"': {'splice': 'off'},
          'inspect = "headers"': {'inspect': 'headers'}}


def send_and_end(end, data):
    """Sends all of it and a FIN behind it; may block."""
    def send():
        end.send(data)
        end.socket.shutdown(wire.socket.SHUT_WR)
    return InThread(send)


def stall(gateway):
    """Until nothing moves any more: everything is full."""
    def moved():
        state = gateway.state()
        return state['client_bytes_in'], state['backend_bytes_in'], state['queued_bytes']
    return harness.steady(moved, 'everything to be full', still=0.2)


def expect_stream(end, wanted, who):
    """`wanted` and then FIN."""
    got = end.take(len(wanted))
    tap.check(got == wanted, f'what {who} got differs')
    if isinstance(end, wire.Client):
        end.expect_fin()
    else:
        end.expect_all(b'')


# ---- Half-close, in every order -----------------------------------------------------------------

def client_first(gateway, client, connection):
    sending = send_and_end(client, FROM_CLIENT + CLIENT_CLOSE)
    stall(gateway)
    expect_stream(connection, FROM_CLIENT + CLIENT_CLOSE, 'the backend')
    sending.result()
    # The other direction goes on, as long as it likes.
    answering = send_and_end(connection, FROM_BACKEND + BACKEND_CLOSE)
    expect_stream(client, FROM_BACKEND + BACKEND_CLOSE, 'the client')
    answering.result()
    return 'client'


def backend_first(gateway, client, connection):
    sending = send_and_end(connection, FROM_BACKEND + BACKEND_CLOSE)
    stall(gateway)
    expect_stream(client, FROM_BACKEND + BACKEND_CLOSE, 'the client')
    sending.result()
    answering = send_and_end(client, FROM_CLIENT + CLIENT_CLOSE)
    expect_stream(connection, FROM_CLIENT + CLIENT_CLOSE, 'the backend')
    answering.result()
    return 'backend'


def client_behind_queue(gateway, client, connection):
    """The client ends while much waits for it."""
    sending = send_and_end(connection, FROM_BACKEND + BACKEND_CLOSE)
    stall(gateway)
    client.send(CLIENT_CLOSE)
    client.socket.shutdown(wire.socket.SHUT_WR)
    expect_stream(connection, CLIENT_CLOSE, 'the backend')
    expect_stream(client, FROM_BACKEND + BACKEND_CLOSE, 'the client')
    sending.result()
    return 'client'


def backend_behind_queue(gateway, client, connection):
    """The backend ends while much waits for it."""
    sending = send_and_end(client, FROM_CLIENT + CLIENT_CLOSE)
    stall(gateway)
    connection.send(BACKEND_CLOSE)
    connection.half_close()
    expect_stream(client, BACKEND_CLOSE, 'the client')
    expect_stream(connection, FROM_CLIENT + CLIENT_CLOSE, 'the backend')
    sending.result()
    return 'backend'


def both_at_once(gateway, client, connection):
    """Both directions are full, both sides end; one takes its bytes before the other."""
    sendings = [send_and_end(client, FROM_CLIENT + CLIENT_CLOSE),
                send_and_end(connection, FROM_BACKEND + BACKEND_CLOSE)]
    stall(gateway)
    expect_stream(client, FROM_BACKEND + BACKEND_CLOSE, 'the client')
    expect_stream(connection, FROM_CLIENT + CLIENT_CLOSE, 'the backend')
    for sending in sendings:
        sending.result()
    return None


ORDERS = {'the client ends first, all of its bytes still queued': client_first,
          'the backend ends first, all of its bytes still queued': backend_first,
          'the client ends while bytes are queued for it': client_behind_queue,
          'the backend ends while bytes are queued for it': backend_behind_queue,
          'both directions full, both end': both_at_once}


def half_closes(order, route):
    with played(route=route) as (gateway, backend), \
            session(gateway, backend, receive_buffer=1 << 16) as (client, connection):
        side = order(gateway, client, connection)
        client.close()
        connection.close()
        end = gateway.expect_end(reason='end', cut=0, upgraded=1)
        tap.check(side in (None, end['side']), f'side of the end {end}')
        if route.get('inspect') or route.get('splice'):
            tap.equal((end['client_spliced'], end['backend_spliced']), ('0', '0'), 'bytes spliced')


for order_name, order_function in ORDERS.items():
    for route_name, route_keys in ROUTES.items():
        tap.case(f'{order_name}; {route_name}', order_function, route_keys)(half_closes)


@tap.case('bytes right behind the request and right behind the 101 come first')
def bytes_behind_heads():
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        key = 'dGhlIHNhbXBsZSBub25jZQ=='
        hello = frame(TEXT, b'early', key=KEY)
        client.send(wire.request(key=key) + hello)
        with backend.accept() as connection:
            request = read_request(connection)
            connection.send(switching(request) + unmasked_frame(TEXT, b'welcome') + BACKEND_CLOSE)
            connection.half_close()
            client.expect_101(key)
            tap.equal(client.take(9), b'\x81\x07welcome')
            client.expect_close(1000)
            client.send(CLIENT_CLOSE)
            client.expect_fin()
            client.close()
            connection.expect_all(hello + CLIENT_CLOSE)
        gateway.expect_end(side='backend', reason='end', client_in=len(wire.request(key=key)) +
                           len(hello) + len(CLIENT_CLOSE))


def resets(by_client, route):
    with played(route=route) as (gateway, backend), \
            session(gateway, backend) as (client, connection):
        if by_client:
            client.reset()
            with contextlib.suppress(ConnectionResetError):
                connection.expect_all(b'')
            connection.close()
            gateway.expect_end(side='client', reason='gone', code=1006)
            return
        connection.send(unmasked_frame(BINARY, b'last'))
        tap.equal(client.take(6), b'\x82\x04last')
        connection.reset()
        if route.get('inspect'):
            client.expect_close(1011)
        client.expect_fin()
        client.close()
        gateway.expect_end(side='backend', reason='reset', code=1011)


for route_name, route_keys in ROUTES.items():
    tap.case(f'a client that resets: the backend gets the end; {route_name}',
             True, route_keys)(resets)
    tap.case(f'a backend that resets: the client gets the end; {route_name}',
             False, route_keys)(resets)


# ---- inspect = "headers" ------------------------------------------------------------------------

LIMITS = {'frame_max': '1000B', 'message_max': '2500B'}
INSPECT = {'inspect': 'headers'}
GOOD = frame(BINARY, bytes(1000), key=KEY)


def part(opcode, size, fin):
    return frame(opcode, bytes(size), fin=fin, key=KEY)


@tap.case('what a client sends is followed: a frame that is too large is closed with 1009, and the '
          'backend gets what came before', GOOD, frame(BINARY, bytes(1001), key=KEY), 1009)
@tap.case('a message that is too large over its frames is closed with 1009',
          part(BINARY, 1000, False) + part(CONTINUATION, 1000, False),
          part(CONTINUATION, 501, True), 1009)
@tap.case('a client that does not mask is closed with 1002', GOOD, unmasked_frame(TEXT, b'x'), 1002)
@tap.case('a reserved opcode is closed with 1002', GOOD, part(3, 1, True), 1002)
@tap.case('a ping of 126 bytes is closed with 1002', b'', frame(PING, bytes(126), key=KEY), 1002)
@tap.case('a length that is not minimal is closed with 1002',
          GOOD, frame(TEXT, b'x', form=16, key=KEY), 1002)
@tap.case('a continuation of nothing is closed with 1002', GOOD, part(CONTINUATION, 1, True), 1002)
def client_breaks(good, bad, code):
    with played(LIMITS, INSPECT) as (gateway, backend), \
            session(gateway, backend) as (client, connection):
        client.send(good + bad)
        connection.expect_all(good)
        client.expect_close(code)
        connection.close()
        client.expect_fin()
        client.close()
        gateway.expect_end(side='gateway', code=code,
                           reason='too-big' if code == 1009 else 'protocol-error')


@tap.case('a backend\'s frame that is too large: the client gets 1009, and the backend the end',
          unmasked_frame(BINARY, bytes(1001)), 1009)
@tap.case('a backend that masks: the client gets 1002',
          frame(BINARY, b'x', key=KEY), 1002)
def backend_breaks(bad, code):
    with played(LIMITS, INSPECT) as (gateway, backend), \
            session(gateway, backend) as (client, connection):
        good = unmasked_frame(BINARY, bytes(1000))
        connection.send(good + bad)
        tap.equal(client.take(len(good)), good, 'the good frame')
        client.expect_close(code)
        connection.expect_all(b'')
        connection.close()
        client.expect_fin()
        client.close()
        gateway.next_end()


@tap.case('frames and messages are counted; the gateway answers no ping and no Close itself')
def counts():
    with played(LIMITS, INSPECT) as (gateway, backend), \
            session(gateway, backend) as (client, connection):
        sent = (part(BINARY, 1, False) + part(PING, 5, True) + part(CONTINUATION, 0, False) +
                part(CONTINUATION, 1000, True) + part(TEXT, 0, True) + CLIENT_CLOSE)
        for byte in sent:
            client.send(bytes([byte]))
        tap.equal(connection.take(len(sent)), sent)
        answer = unmasked_frame(TEXT, b'abc') + BACKEND_CLOSE
        connection.send(answer)
        connection.half_close()
        tap.equal(client.take(len(answer)), answer)
        client.expect_fin()
        client.close()
        connection.expect_all(b'')
        gateway.expect_end(side='backend', reason='end', messages_in=2, frames_out=2)


@tap.case('a route that does not inspect passes what breaks every rule')
def passes_anything():
    with played(LIMITS) as (gateway, backend), session(gateway, backend) as (client, connection):
        noise = bytes(range(256)) * 40
        client.send(noise)
        connection.send(noise)
        tap.equal(connection.take(len(noise)), noise)
        tap.equal(client.take(len(noise)), noise)
        client.close()
        connection.expect_all(b'')


# ---- Time and signals ---------------------------------------------------------------------------

IDLE_SECONDS = 0.3


def idles(route):
    with played({'idle_timeout': '300ms', 'ping_interval': '50ms', 'pong_timeout': '50ms'},
                route) as (gateway, backend), session(gateway, backend) as (client, connection):
        if route.get('inspect'):
            client.expect_close(1001)
        client.expect_fin()
        connection.expect_all(b'')
        client.close()
        connection.close()
        gateway.expect_end(side='gateway', reason='idle', code=1001, cut=0)
        tap.equal(gateway.state()['pings_out'], 0, 'pings of the gateway')


def stays(by_client):
    """One direction alone keeps a session for three times its idle timeout."""
    with played({'idle_timeout': '300ms'}) as (gateway, backend), \
            session(gateway, backend) as (client, connection):
        source, target = (client, connection) if by_client else (connection, client)
        end = time.monotonic() + 3 * IDLE_SECONDS
        while time.monotonic() < end:
            source.send(b'x')
            tap.equal(target.take(1), b'x')
            last = time.monotonic()
            harness.wait_for(lambda since=last: time.monotonic() > since + IDLE_SECONDS / 10, '')
        tap.equal(gateway.ends(), [], 'sessions that ended')
        target.take_all() if by_client else target.expect_fin()
        client.close()
        connection.close()
        gateway.expect_end(side='gateway', reason='idle')


for route_name, route_keys in ROUTES.items():
    tap.case(f'a session that idles is ended on both sides; {route_name}', route_keys)(idles)
tap.case('bytes of the client alone keep a session', True)(stays)
tap.case('bytes of the backend alone keep a session', False)(stays)


def drains(route):
    with played({'drain_timeout': '1h'}, route) as (gateway, backend), \
            session(gateway, backend) as (client, connection):
        connection.send(FROM_BACKEND[:100_000])
        tap.equal(client.take(65546), FROM_BACKEND[:65546])
        rest = len(FROM_BACKEND[65546:100_000])
        connection.wait_until_read()
        gateway.signal(signal.SIGTERM)
        connection.expect_all(b'')
        connection.close()
        tap.equal(client.take(rest), FROM_BACKEND[65546:100_000], 'the rest')
        while client.receive():
            pass
        client.close()
        gateway.expect_end(side='gateway', reason='drain', code=1001, cut=0)
        tap.equal(gateway.wait(), 0, 'exit code')


for route_name, route_keys in ROUTES.items():
    tap.case(f'SIGTERM ends both sides behind what was under way, exit code 0; {route_name}',
             route_keys)(drains)


@tap.case('SIGTERM between two frames of inspect = "headers": the client is told 1001')
def drain_says_so():
    with played({'drain_timeout': '1h'}, INSPECT) as (gateway, backend), \
            session(gateway, backend) as (client, connection):
        gateway.signal(signal.SIGTERM)
        client.expect_close(1001, 'the gateway is shutting down')
        client.expect_fin()
        client.close()
        connection.expect_all(b'')
        connection.close()
        tap.equal(gateway.wait(), 0, 'exit code')


@tap.case('SIGTERM while a backend has not answered: 503')
def drain_while_asking():
    with played({'drain_timeout': '1h'}) as (gateway, backend), \
            wire.Client(gateway.address) as client:
        _, connection, _ = ask(client, backend)
        with connection:
            gateway.signal(signal.SIGTERM)
            client.expect_refusal(503, 'shutting down')
            client.close()
            connection.expect_all(b'')
        tap.equal(gateway.wait(), 0, 'exit code')


@tap.case('an urgent byte in the middle of spliced bulk: what follows it passes, nothing spins')
def urgent_byte():
    with played() as (gateway, backend), session(gateway, backend) as (client, connection):
        while not gateway.state()['bytes_spliced']:
            client.send(FROM_CLIENT[:1 << 20])
            connection.take(1 << 20)
        # A splice stops in front of it, though a poll says that there are bytes.
        client.socket.send(b'!', wire.socket.MSG_OOB)
        client.send(FROM_BACKEND[:1 << 20])
        tap.check(connection.take(1 << 20) == FROM_BACKEND[:1 << 20], 'the bytes behind it')
        client.close()
        connection.close()


if __name__ == '__main__':
    sys.exit(tap.main())
