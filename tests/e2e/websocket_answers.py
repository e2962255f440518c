#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mode = "websocket" with backends that answer something else than the 101: the answer reaches the
client whole, and it may ask again."""
import sys

import harness
import tap
import wire
from passing import (InThread, accept_of, ask, expect_open, head, played, read_answer, read_head,
                     switching, value, values)

TEXT = 'Content-Type: text/plain'
CHUNKS = b'4;x=y\r\nnot \r\n3\r\nnow\r\n0\r\n'


def expect_fields(answer, **wanted):
    for name, text in wanted.items():
        name = name.replace('_', '-')
        if text is None:
            tap.equal(values(answer, name), [], f'{name} of {answer}')
        else:
            tap.equal(value(answer, name).lower(), text, f'{name} of {answer}')


# ---- Answers that are relayed -------------------------------------------------------------------

KEEPING = {
    '401 with a body': (head('HTTP/1.1 401 Unauthorized', 'WWW-Authenticate: Basic realm="a, b"',
                             'Content-Length: 11', TEXT) + b'who is it?\n', 401, b'who is it?\n'),
    '302 without a body': (head('HTTP/1.1 302 Found', 'Location: https://example.com/login?a=1',
                                'Content-Length: 0'), 302, b''),
    '503 in chunks': (head('HTTP/1.1 503 Service Unavailable', 'Transfer-Encoding: chunked',
                           'Retry-After: 7', TEXT) + CHUNKS + b'\r\n', 503, b'not now'),
    'chunks with trailers': (head('HTTP/1.1 500 Oops', 'Transfer-Encoding: Chunked', 'Trailer: T') +
                             CHUNKS + b'T: 1\r\n\r\n', 500, b'not now'),
    '204, whatever length it claims': (head('HTTP/1.1 204 No Content', 'X: y'), 204, b''),
    'a reason of spaces and high bytes': (head('HTTP/1.1 418 I\'m a té  pot',
                                               'Content-Length: 1') + b'x', 418, b'x'),
    'no reason': (head('HTTP/1.1 403 ', 'Content-Length: 0'), 403, b''),
}


@tap.case('answers are relayed whole, one after another to one connection, and then a 101')
def relays_and_goes_on():
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        for sent, status, body in KEEPING.values():
            _, connection, request = ask(client, backend)
            with connection:
                connection.send(sent)
                answer = read_answer(client)
                tap.equal((answer.status, answer.body), (status, body), 'status and body')
                tap.equal(values(answer, 'Connection') and value(answer, 'Connection'),
                          values(answer, 'Connection') and 'keep-alive', 'Connection')
                connection.expect_all(b'')
            tap.equal(value(request, 'Host'), 'test.example', 'Host')
        expect_open(client, backend)
        gateway.expect_end(side='client', reason='end', upgraded=1)
        tap.equal(gateway.state()['answers_relayed'], len(KEEPING), 'answers')


def relays_in_pieces(sent, status, body):
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        _, connection, _ = ask(client, backend)
        with connection:
            for byte in sent:
                connection.send(bytes([byte]))
            answer = read_answer(client)
            tap.equal((answer.status, answer.body), (status, body), 'status and body')
        expect_open(client, backend)


for what in ('401 with a body', '503 in chunks', 'chunks with trailers'):
    tap.case(f'{what}: byte by byte it arrives as at once', *KEEPING[what])(relays_in_pieces)


@tap.case('an answer that others take from backends, too, reaches the client in good form',
          b'HTTP/1.1 401\r\nContent-Length: 0\r\n\r\n',
          b'HTTP/1.1 401 \r\nContent-Length: 0\r\n', b'')
@tap.case('the same of several spaces in front of the status',
          b'HTTP/1.1  401 No\r\nContent-Length: 0\r\n\r\n',
          b'HTTP/1.1 401 No\r\nContent-Length: 0\r\n', b'')
@tap.case('the same of a Content-Length that comes twice',
          b'HTTP/1.1 401 No\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc',
          b'HTTP/1.1 401 No\r\nContent-Length: 3\r\n', b'abc')
@tap.case('the same of lines that all end with a line feed alone',
          b'HTTP/1.1 401 No\nContent-Length: 3\n\nabc',
          b'HTTP/1.1 401 No\r\nContent-Length: 3\r\n', b'abc')
@tap.case('the same of white space behind the sizes of chunks',
          b'HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n'
          b'3  \r\nabc\r\n2 ;a=b\r\nde\r\n0\t\r\n\r\n',
          b'HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n',
          b'3\r\nabc\r\n2;a=b\r\nde\r\n0\r\n\r\n')
def relays_in_good_form(sent, line_and_framing, body):
    expected = line_and_framing + b'Connection: keep-alive\r\n\r\n' + body
    for cut in (len(sent), 1):
        with played() as (gateway, backend), wire.Client(gateway.address) as client:
            _, connection, _ = ask(client, backend)
            with connection:
                for at in range(0, len(sent), cut):
                    connection.send(sent[at:at + cut])
                tap.equal(client.take(len(expected)), expected)
            expect_open(client, backend)


@tap.case('fields of an answer go through as they are, but for those of one hop')
def relays_fields():
    sent = head('HTTP/1.1 401 Unauthorized', 'Set-Cookie: a=1', 'Set-Cookie: b=2; Path=/',
                'Server: their own', 'Connection: close, X-Hop', 'X-Hop: here', 'Keep-Alive: t=5',
                'Proxy-Connection: close', 'Upgrade: h2c', 'Content-Length: 0', 'X-Own: \tsp aced ')
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        _, connection, _ = ask(client, backend)
        with connection:
            connection.send(sent)
            answer = read_answer(client)
        tap.equal(values(answer, 'Set-Cookie'), ['a=1', 'b=2; Path=/'], 'Set-Cookie')
        expect_fields(answer, Server='their own', X_Own='sp aced', X_Hop=None, Keep_Alive=None,
                      Proxy_Connection=None, Upgrade=None)
        expect_open(client, backend)


@tap.case('a 426 keeps its Upgrade and what it says of versions')
def relays_426():
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        _, connection, _ = ask(client, backend)
        with connection:
            connection.send(head('HTTP/1.1 426 Upgrade Required', 'Upgrade: websocket',
                                 'Connection: Upgrade', 'Sec-WebSocket-Version: 13',
                                 'Content-Length: 0'))
            answer = read_answer(client)
        expect_fields(answer, Upgrade='websocket', Sec_WebSocket_Version='13')
        tap.check('upgrade' in value(answer, 'Connection').lower(), f'{answer}')
        expect_open(client, backend)


@tap.case('a body that ends with the connection is relayed, and ends the client\'s', 'HTTP/1.1')
@tap.case('the same of an HTTP/1.0 backend', 'HTTP/1.0')
def relays_until_close(version):
    body = b'until the end ' * 10_000
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        _, connection, _ = ask(client, backend)
        with connection:
            connection.send(head(f'{version} 403 Forbidden', TEXT) + body)
        status_line, fields = read_head(client.take)
        tap.equal(status_line, 'HTTP/1.1 403 Forbidden')
        tap.check(('Connection', 'close') in fields, f'no Connection: close in {fields}')
        tap.check(client.take(len(body)) == body, 'the body differs')
        client.expect_fin()
        client.close()
        gateway.expect_end(side='backend', reason='answered', code=403, upgraded=0)


@tap.case('a client that says Connection: close gets the answer and the end')
def client_wants_close():
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        _, connection, request = ask(client, backend, Connection='Upgrade, close')
        tap.equal(value(request, 'Connection'), 'Upgrade')
        with connection:
            connection.send(KEEPING['401 with a body'][0])
            answer = read_answer(client)
        expect_fields(answer, Connection='close')
        client.expect_fin()
        client.close()
        gateway.expect_end(side='backend', reason='answered', code=401)


@tap.case('a body of 32 MiB reaches a client that begins to read late, in bounded memory', True)
@tap.case('the same in chunks', False)
def relays_large(has_length):
    piece, count = b'0123456789abcdef' * 4096, 512
    framing = (f'Content-Length: {len(piece) * count}' if has_length else
               'Transfer-Encoding: chunked')

    def send(connection):
        connection.send(head('HTTP/1.1 500 Large', framing))
        for _ in range(count):
            connection.send(piece if has_length else b'%x\r\n%s\r\n' % (len(piece), piece))
        connection.send(b'' if has_length else b'0\r\n\r\n')
    with played() as (gateway, backend), \
            wire.Client(gateway.address, receive_buffer=1 << 16) as client:
        _, connection, _ = ask(client, backend)
        before = gateway.resident_bytes()
        with connection:
            sending = InThread(send, connection)
            harness.steady(lambda: gateway.state()['queued_bytes'], 'the client to stall')
            tap.check(gateway.resident_bytes() - before < 24 << 20, 'the body is held in memory')
            answer = read_answer(client)
            sending.result()
        tap.check(answer.body == piece * count, 'the body differs')
        expect_open(client, backend)


@tap.case('answers of class 1xx in front of the 101 are for the gateway')
def interim_answers():
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        key, connection, request = ask(client, backend)
        with connection:
            connection.send(head('HTTP/1.1 103 Early Hints', 'Link: </a>; rel=preload') * 2 +
                            head('HTTP/1.1 100 Continue') + switching(request) + b'\x82\x01x')
            client.expect_101(key)
            tap.equal(client.take(3), b'\x82\x01x', 'the frame behind the 101')
            client.socket.close()


@tap.case('a request right behind one that gets no 101 is asked of a backend anew')
def pipelined_requests():
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        key = 'dGhlIHNhbXBsZSBub25jZQ=='
        client.send(wire.request(key=key, host='first') + wire.request(key=key, host='second'))
        for status in (401, 101):
            with backend.accept() as connection:
                request = read_head(connection.take)
                if status == 101:
                    tap.check(('Host', 'second') in request[1], f'{request}')
                    connection.send(head(
                        'HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket',
                        'Connection: Upgrade', f'Sec-WebSocket-Accept: {accept_of(key)}'))
                    client.expect_101(key)
                    client.socket.close()
                    continue
                tap.check(('Host', 'first') in request[1], f'{request}')
                connection.send(KEEPING['401 with a body'][0])
                tap.equal(read_answer(client).status, status)
                # Nothing of the second request came here.
                connection.expect_all(b'')


@tap.case('a request that comes while the answer before it is still queued for its client')
def request_behind_queue():
    body = bytes(range(256)) * 65536
    # A queue has 1/64 of the budget and of the chunks at most.
    roomy = {'window': '64MiB', 'worker_queued_max': '4GiB', 'chunks': 131072}
    with played(roomy) as (gateway, backend), \
            wire.Client(gateway.address, receive_buffer=1 << 14) as client:
        for _ in range(2):
            _, connection, _ = ask(client, backend)
            with connection:
                connection.send(head('HTTP/1.1 500 Large', f'Content-Length: {len(body)}') + body)
                connection.wait_until_read()
                client.send(wire.request())
                with backend.accept() as another:
                    answer = read_answer(client)
                    tap.check(answer.body == body, 'the body differs')
                    another.take(10)
                    another.send(KEEPING['302 without a body'][0])
                    tap.equal(read_answer(client).status, 302)
        expect_open(client, backend)


if __name__ == '__main__':
    sys.exit(tap.main())
