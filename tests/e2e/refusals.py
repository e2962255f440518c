#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every HTTP refusal over a raw socket: the requests of refusals_table.py, each with the
answer that it must get.

Each request is sent at once, byte by byte, and with its last bytes apart from the rest; the answer
is the same, byte for byte. The sentences are those of gateway/http/refusals.h; a refusal there that
has no row here fails the last case."""
import contextlib
import email.utils
import re
import signal
import sys
import time

import backends
import harness
import passing
import refusals_table as table
import tap
import wire
from refusals_table import KEY, ask, row

def sentences():
    """{name: sentence} of gateway/http/refusals.h."""
    text = (harness.ROOT / 'gateway/http/refusals.h').read_text()
    found = re.findall(r'^inline constexpr Refusal (k\w+)(?:\{| =)(.*?);$', text, re.M | re.S)
    return {name: ''.join(re.findall(r'"([^"]*)"', rest)) for name, rest in found}


SENTENCES = sentences()


def read_so_far(gateway, client):
    """Until the gateway has taken what the client has sent."""
    port = client.socket.getsockname()[1]
    harness.wait_for(lambda: not backends.waiting_bytes(gateway.port, port), 'the gateway to read')


def at_once(_gateway, client, request):
    client.send(request)


def byte_by_byte(_gateway, client, request):
    for byte in request:
        client.send(bytes([byte]))


def last_bytes_apart(count):
    def send(gateway, client, request):
        client.send(request[:-count])
        read_so_far(gateway, client)
        client.send(request[-count:])
    return send


WAYS = {'at once': at_once, 'byte by byte': byte_by_byte,
        **{f'the last {count} apart': last_bytes_apart(count) for count in (1, 2, 3, 4)}}


def expect_answer(client, wanted):
    """The whole answer of a row, and the end of the stream behind it."""
    while client.receive():
        pass
    got_head, separator, body = bytes(client.buffer).decode().partition('\r\n\r\n')
    tap.check(separator, f'no whole head in {got_head!r}')
    status_line, *fields = got_head.split('\r\n')
    tap.equal(status_line, wanted.status_line, 'status line')
    pairs = [field.split(': ', 1) for field in fields]
    headers = {name.lower(): value for name, value in pairs}
    tap.equal(len(headers), len(fields), 'fields that differ')
    made = email.utils.parsedate_to_datetime(headers.pop('date'))
    tap.check(abs(time.time() - made.timestamp()) < 60, f'it was made now, not at {made}')
    sentence = SENTENCES.get(wanted.refusal, wanted.refusal) + '\n'
    tap.equal(headers, {**wanted.headers, 'content-length': str(len(sentence))}, 'headers')
    without_body = wanted.request.lstrip(b'\r\n').startswith(b'HEAD ')
    tap.equal(body, '' if without_body else sentence, 'body')


def expect_refusals(gateway, rows, ways):
    """Every row in every way is refused as it says; then nothing is left of them."""
    before = gateway.state()['handshakes_refused']
    for wanted in rows:
        for way in ways:
            try:
                with wire.Client(gateway.address) as client:
                    WAYS[way](gateway, client, wanted.request)
                    expect_answer(client, wanted)
            except (AssertionError, OSError) as error:
                raise AssertionError(f'{wanted.name}, {way}: {error}') from error
    state = gateway.expect_idle()
    tap.equal(state['handshakes_refused'] - before, len(rows) * len(ways), 'refusals counted')
    tap.equal(state['sessions_opened'], 0, 'sessions')


@contextlib.contextmanager
def many_routes():
    """A gateway whose routes lead to each kind of answer."""
    with backends.Echo() as echo, backends.Backend() as gone:
        dead = gone.port
        gone.close()
        routes = {'ws': {}, 'origin': {'origins': ['https://good.example']},
                  'long': {'subprotocols': [table.NAME_TOO_LONG]}, 'dead': {'backend': 'dead'}}
        text = harness.toml([
            ('[gateway]', {'workers': 1, 'log_level': 'debug'}),
            ('[[listener]]', {'name': 'in', 'address': '127.0.0.1:0'}),
            *[('[[route]]', {'name': name, 'listener': 'in', 'path': f'/{name}', 'mode': 'tcp',
                             'backend': 'echo', **keys}) for name, keys in routes.items()],
            ('[[backend]]', {'name': 'echo', 'servers': [f'127.0.0.1:{echo.port}']}),
            ('[[backend]]', {'name': 'dead', 'servers': [f'127.0.0.1:{dead}']}),
            ('[limits]', {'close_timeout': '1h'}),
        ])
        with harness.Gateway(text=text) as gateway:
            yield gateway


@tap.case('bytes that no head may have', table.BYTES)
@tap.case('fields that say what they may not say', table.FIELDS)
@tap.case('handshakes that are none', table.UPGRADES)
def refused(rows):
    with many_routes() as gateway:
        expect_refusals(gateway, rows, WAYS)


@tap.case('what may look odd and is good opens a session, however it is cut')
def accepted():
    with many_routes() as gateway:
        for name, request in table.ACCEPTED:
            key = KEY[:-3] + 'R==' if 'spare bits' in name else KEY
            for way, send in WAYS.items():
                try:
                    with wire.Client(gateway.address) as client:
                        send(gateway, client, request)
                        client.expect_101(key)
                        client.send(wire.frame(wire.BINARY, b'hello'))
                        tap.equal(client.data(5), b'hello')
                        client.close_in_order()
                except (AssertionError, OSError) as error:
                    raise AssertionError(f'{name}, {way}: {error}') from error
        opened = gateway.expect_idle()['sessions_opened']
        tap.equal(opened, len(table.ACCEPTED) * len(WAYS), 'sessions')


@tap.case('the longest head and the most fields are good in websocket mode, too')
def longest_to_a_service():
    longest = [name for name, _ in table.ACCEPTED if 'longest' in name or '100 fields' in name]
    tap.equal(len(longest), 2, 'rows')
    for name, request in table.ACCEPTED:
        if name not in longest:
            continue
        with passing.played() as (gateway, backend), wire.Client(gateway.address) as client:
            client.send(request)
            with backend.accept() as connection:
                got = passing.read_request(connection)
                sent = request.decode().split('\r\n')[1:-2]
                kept = [line for line in sent if line.startswith(('A', 'X', 'Sec'))]
                told = [': '.join(field) for field in got.fields]
                tap.equal([line for line in told if line in kept], kept, 'the fields')
                tap.equal(passing.value(got, 'Host'), 'h')
                tap.check(passing.value(got, 'Forwarded').endswith('proto=http'), 'Forwarded')
                connection.send(passing.switching(got))
                client.expect_101(KEY)


@tap.case('a head that does not come in time')
def too_slow():
    limits = {'handshake_timeout': '150ms'}
    with backends.Echo() as echo, harness.Gateway(echo.port, limits=limits) as gateway:
        expect_refusals(gateway, table.TOO_SLOW, ['at once'])


@tap.case('a backend that does not answer in time')
def backend_too_slow():
    options = {'backend': {'connect_timeout': '150ms'}}
    with backends.FullBackend() as backend, harness.Gateway(backend.port, **options) as gateway:
        expect_refusals(gateway, table.BACKEND_TOO_SLOW, WAYS)


@tap.case('a backend that answers no handshake has all the chunks that it may hold')
def backend_handshakes_too_many():
    wanted = row(503, 'kBackendHandshakesTooMany', '', ask())
    # Handshakes under way may hold a quarter of the chunks, those of one backend half of that.
    limits = {'chunks': 512, 'small_buffers': 64, 'bulk_buffers': 16}
    share = limits['chunks'] // 8

    def waiting_or_refused(count):
        state = gateway.state()
        return state['handshakes_refused'] or state['dials'] == count
    with backends.Backend(backlog=1024) as backend, contextlib.ExitStack() as stack, \
            harness.Gateway(backend.port, route={'mode': 'websocket'}, limits=limits) as gateway:
        holders = []
        while not gateway.state()['handshakes_refused']:
            holders.append(stack.enter_context(wire.Client(gateway.address)))
            holders[-1].send(ask())
            harness.wait_for(lambda: waiting_or_refused(len(holders)), 'the dial')
            tap.check(len(holders) <= share + 1, f'{len(holders)} handshakes wait')
        with holders.pop() as refused:
            expect_answer(refused, wanted)
        # Those that wait are not harmed.
        for holder in holders:
            with backend.accept() as connection:
                connection.send(passing.switching(passing.read_request(connection)))
                holder.expect_101(KEY)
            holder.expect_fin()
            holder.close()


@tap.case('the gateway is shutting down while the backend is dialled')
def shutting_down():
    wanted = row(503, 'kShuttingDown', '', ask())
    with backends.FullBackend() as backend, harness.Gateway(backend.port) as gateway:
        with wire.Client(gateway.address) as client:
            client.send(wanted.request)
            harness.wait_for(lambda: gateway.state()['dials'], 'the dial')
            gateway.signal(signal.SIGTERM)
            expect_answer(client, wanted)
        tap.equal(gateway.wait(), 0, 'exit code')


@tap.case('every server has all sessions that it may')
def servers_full():
    options = {'backend': {'sessions_per_server': 1}}
    with backends.Echo() as echo, harness.Gateway(echo.port, **options) as gateway:
        with wire.connect(gateway) as client:
            for wanted in table.SERVERS_FULL:
                with wire.Client(gateway.address) as refused_:
                    refused_.send(wanted.request)
                    expect_answer(refused_, wanted)
            client.close_in_order()
        harness.wait_for(lambda: gateway.state()['sessions'] == 0, 'the session to be gone')
        with wire.connect(gateway) as client:
            client.close_in_order()
        state = gateway.expect_idle()
        tap.equal(state['refused_by_servers_full'], len(table.SERVERS_FULL), 'refusals counted')


@tap.case('probes call every server down')
def no_server_healthy():
    with backends.Backend() as gone:
        dead = gone.port
    options = {'backend': {'health_check': 'tcp', 'health_interval': '20ms'}}
    with harness.Gateway(dead, **options) as gateway:
        gateway.wait_log(f'warn.* backend "b": server 127.0.0.1:{dead} is down: 3 probes in a row '
                         'failed, the last one: connect: Connection refused')
        expect_refusals(gateway, table.NO_SERVER_HEALTHY, WAYS)
        tap.equal(gateway.state()['dials'], 0, 'dials')


@tap.case('every refusal of gateway/http/refusals.h has its row here')
def every_refusal_has_its_row():
    # The parser's own rest: nothing that our scan lets through is known to reach it.
    # And shares prevent that a pool has nothing left for a new client.
    unreachable = {'kHeadMalformed', 'kMemoryExhausted'}
    budgets = {'kSessionsMax', 'kSessionsPerAddress', 'kAddressesTooMany', 'kSessionsOfRoute'}
    rows = (table.BYTES + table.FIELDS + table.UPGRADES + table.TOO_SLOW + table.BACKEND_TOO_SLOW +
            table.SERVERS_FULL + table.NO_SERVER_HEALTHY)
    tried = ({each.refusal for each in rows} |
             {'kBackendHandshakesTooMany', 'kShuttingDown'})
    tap.equal(sorted(set(SENTENCES) - tried - unreachable - budgets), [], 'refusals without a row')


if __name__ == '__main__':
    sys.exit(tap.main())
