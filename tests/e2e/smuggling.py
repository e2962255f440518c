#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Request smuggling over raw sockets: the tricks of smuggling_table.py, each sent at once and byte
by byte. All that the backend receives is recorded: of a refused request nothing, of a forwarded one
exactly one head that every reader of HTTP reads alike."""
import contextlib
import re
import sys

import harness
import smuggling_table as table
import tap
import wire
from passing import InThread, head, played, read_answer, switching, value, values
from passing import Request
from refusals_table import KEY, ask

NO = head('HTTP/1.1 403 Forbidden', 'Content-Length: 0')
# What a request for a backend is made of, and nothing else (RFC 9112 2.2, 3, 5).
ONE_HEAD = re.compile(rb'GET /ws[!-~]* HTTP/1\.1\r\n(?:[!#$%&\'*+.^_`|~0-9A-Za-z-]+: '
                      rb'(?:[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?)?\r\n)+\r\n')


def at_once(client, request):
    client.send(request)


def byte_by_byte(client, request):
    for byte in request:
        client.send(bytes([byte]))


def parse(received):
    """What the backend got, which has to be one good head and nothing behind it."""
    tap.check(ONE_HEAD.fullmatch(received), f'the backend received {received!r}')
    line, *lines = received[:-4].decode('latin-1').split('\r\n')
    return Request(line, [tuple(each.split(': ', 1)) for each in lines])


def expect_sound(request):
    """What holds for whatever is forwarded for a client that nobody trusts."""
    for name, text in {'Connection': 'Upgrade', 'Upgrade': 'websocket', 'Sec-WebSocket-Key': KEY,
                       'Sec-WebSocket-Version': '13', 'X-Forwarded-For': '127.0.0.1',
                       'X-Forwarded-Proto': 'http'}.items():
        tap.equal(value(request, name), text, name)
    host = value(request, 'Host').lower()
    tap.equal(value(request, 'X-Forwarded-Host').lower(), host, 'X-Forwarded-Host')
    host = f'"{host}"' if ':' in host else host  # no token (RFC 7239 4)
    tap.equal(value(request, 'Forwarded').lower(), f'for=127.0.0.1;host={host};proto=http')
    for name in ('Transfer-Encoding', 'Content-Length', 'TE', 'Trailer', 'Keep-Alive', 'Expect'):
        tap.equal(values(request, name), [], name)


def expect_forwarded(backend, client, row):
    with backend.accept() as connection:
        received = bytearray()
        while not received.endswith(b'\r\n\r\n'):
            received += connection.take(1)
        connection.send(NO)
        tap.equal(read_answer(client).status, 403, 'status')
        # Nothing came behind the head, whatever the client had sent behind it.
        received += connection.take_all()
    request = parse(bytes(received))
    expect_sound(request)
    for name, text in row.has:
        tap.equal(value(request, name), text, name)
    for piece in row.lacks:
        tap.check(piece not in received.lower(), f'{piece!r} in what the backend received: '
                                                 f'{bytes(received)!r}')


def expect_refused(backend, client, row):
    """One answer, the end, and no byte for a backend."""
    answer = read_answer(client)
    tap.equal(answer.status, row.status, f'status of {answer}')
    tap.equal(value(answer, 'Connection').rpartition(' ')[2], 'close', 'Connection')
    client.expect_fin()
    backend.socket.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        backend.socket.accept()
        raise AssertionError('the backend was dialled')
    backend.socket.settimeout(wire.SECONDS)


def tries(rows):
    with played() as (gateway, backend):
        for row in rows:
            for way in (at_once, byte_by_byte):
                try:
                    with wire.Client(gateway.address) as client:
                        sending = InThread(way, client, row.request)
                        (expect_refused if row.status else expect_forwarded)(backend, client, row)
                        with contextlib.suppress(ConnectionError, OSError):
                            sending.result()
                except BaseException as error:
                    tap.notes.append(f'trick {row.name!r}, {way.__name__}: {row.request!r}')
                    raise error


for section, section_rows in table.SECTIONS.items():
    names = [each.name for each in section_rows]
    assert len(names) == len(set(names)), f'a name twice in {section}'
    tap.case(f'{section}: {len(section_rows)} tricks', section_rows)(tries)


# ---- A second request behind the upgrade ---------------------------------------------------------

@tap.case('a request behind the upgrade: before the 101 the backend gets none of it, after it the '
          'bytes are the session\'s')
def behind_upgrade():
    behind = table.request_behind()
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        client.send(ask() + behind)
        with backend.accept() as connection:
            received = bytearray()
            while not received.endswith(b'\r\n\r\n'):
                received += connection.take(1)
            request = parse(bytes(received))
            connection.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                early = connection.socket.recv(1000)
                raise AssertionError(f'before the 101 came {early!r}')
            connection.socket.settimeout(wire.SECONDS)
            connection.send(switching(request))
            client.expect_101(KEY)
            tap.equal(connection.take(len(behind)), behind, 'the bytes behind')
            client.socket.shutdown(wire.socket.SHUT_WR)
            connection.expect_all(b'')
        client.expect_fin()
        harness.wait_for(gateway.ends, 'the end')
        tap.equal(gateway.state()['dials'], 1, 'dials')


@tap.case('a request behind an upgrade that the backend refuses goes through every check itself')
def behind_refused_upgrade():
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        client.send(ask() + ask('Transfer-Encoding: chunked') + table.CHUNKED)
        with backend.accept() as connection:
            received = bytearray()
            while not received.endswith(b'\r\n\r\n'):
                received += connection.take(1)
            connection.send(NO)
            tap.equal(read_answer(client).status, 403, 'status of the first')
            tap.equal(connection.take_all(), b'', 'what came behind the first')
        client.expect_refusal(400)
        client.close()
        gateway.next_end()
        tap.equal(gateway.state()['dials'], 1, 'dials')


@tap.case('a backend that answers before it should is not believed: its second answer goes nowhere')
def desynchronised_answers():
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        for _ in range(2):
            client.send(ask())
            with backend.accept() as connection:
                connection.take(1)
                connection.send(NO + head('HTTP/1.1 200 Evil', 'Content-Length: 4') + b'evil')
                tap.equal(read_answer(client).status, 403, 'status')
        client.socket.shutdown(wire.socket.SHUT_WR)
        client.expect_fin()


if __name__ == '__main__':
    sys.exit(tap.main())
