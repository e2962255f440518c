#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mode = "websocket" with backends that answer what is no good HTTP or no good 101 (502), answer
too late (504), stop in the middle or are not there at all."""
import contextlib
import sys

import backends
import harness
import tap
import wire
from passing import ask, head, played, read_answer, read_head, socket_folder, switching

REFUSES = head('HTTP/1.1 401 Unauthorized', 'Content-Length: 11') + b'who is it?\n'


def refuses(sent, word):
    """`sent` makes of a request what the backend answers."""
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        _, connection, request = ask(client, backend, Sec_WebSocket_Protocol='a, b',
                                     Sec_WebSocket_Extensions='permessage-deflate')
        with connection:
            connection.send(sent(request))
            client.expect_refusal(502, word)
            # A reset, where the gateway has not read all of it.
            with contextlib.suppress(ConnectionResetError):
                connection.expect_all(b'')
        client.close()
        gateway.expect_end(side='backend', reason='bad-answer', code=502, upgraded=0)
        tap.equal(gateway.state()['answers_refused'], 1, 'answers refused')


def instead(old, new):
    """The good 101 with `new` for `old`."""
    def make(request):
        good = switching(request)
        tap.check(old in good, f'no {old} in {good}')
        return good.replace(old, new)
    return make


def plainly(*lines, body=b''):
    return lambda _request: head(*lines) + body


END = b'\r\n\r\n'
for about, answer_of, wanted_word in [
        ('another key\'s accept', instead(b'Accept: ', b'Accept: A'), 'Accept'),
        ('no accept', instead(b'Sec-WebSocket-Accept', b'X-Accept'), 'Accept'),
        ('no Upgrade', instead(b'Upgrade: websocket\r\n', b''), 'Upgrade'),
        ('another Upgrade', instead(b'Upgrade: websocket', b'Upgrade: h2c'), 'Upgrade'),
        ('no Connection', instead(b'Connection: Upgrade\r\n', b''), 'Connection'),
        ('HTTP/1.0', instead(b'HTTP/1.1', b'HTTP/1.0'), 'HTTP/1.1'),
        ('a subprotocol that nobody offered',
         instead(END, b'\r\nSec-WebSocket-Protocol: c' + END), 'subprotocol'),
        ('two subprotocols',
         instead(END, b'\r\nSec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b' + END), ''),
        ('an extension that nobody offered',
         instead(END, b'\r\nSec-WebSocket-Extensions: x-other' + END), 'extension'),
        ('a bare line feed', instead(b'\r\nUpgrade', b'\nUpgrade'), 'line feed'),
        ('a folded line', instead(b'\r\nUpgrade', b'\r\n folded\r\nUpgrade'), 'folded')]:
    tap.case(f'a 101 with {about} is a 502', answer_of, wanted_word)(refuses)

for about, answer_of, wanted_word in [
        ('no HTTP', lambda _: b'SSH-2.0-OpenSSH_9.2p1\r\n', 'HTTP/1.1'),
        ('HTTP/2', lambda _: b'HTTP/2 401 Unauthorized\r\n\r\n', 'HTTP/1.1'),
        ('length and coding', plainly('HTTP/1.1 401 No', 'Content-Length: 3',
                                      'Transfer-Encoding: chunked', body=b'abc'), 'both'),
        ('two lengths', plainly('HTTP/1.1 401 No', 'Content-Length: 3', 'Content-Length: 03',
                                body=b'abc'), 'Content-Length'),
        ('a length that is none', plainly('HTTP/1.1 401 No', 'Content-Length: 0x3'),
         'Content-Length'),
        ('another coding', plainly('HTTP/1.1 401 No', 'Transfer-Encoding: gzip, chunked'),
         'Transfer-Encoding'),
        ('a space before a colon', plainly('HTTP/1.1 401 No', 'Content-Length : 0'), 'colon'),
        ('a head without an end', lambda _: b'HTTP/1.1 401 No\r\n' + b'X: y\r\n' * 5000, ''),
        ('nine answers of class 1xx', plainly(*['HTTP/1.1 103 Early Hints', ''] * 9), '1xx')]:
    tap.case(f'an answer with {about} is a 502', answer_of, wanted_word)(refuses)


@tap.case('a body cut short reaches the client as far as it came, and then the end',
          'Content-Length: 100')
@tap.case('the same in chunks', 'Transfer-Encoding: chunked')
def body_cut_short(framing):
    body = b'half' if 'Length' in framing else b'10\r\nhalf'
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        _, connection, _ = ask(client, backend)
        with connection:
            connection.send(head('HTTP/1.1 401 No', framing) + body)
        _, fields = read_head(client.take)
        tap.check(tuple(framing.split(': ')) in fields, f'no {framing} in {fields}')
        tap.equal(client.take(len(body)), body)
        client.expect_fin()
        client.close()
        gateway.expect_end(side='backend', reason='bad-answer')


@tap.case('chunks that are none end the answer where they begin')
def bad_chunks():
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        _, connection, _ = ask(client, backend)
        with connection:
            connection.send(head('HTTP/1.1 401 No', 'Transfer-Encoding: chunked') +
                            b'3\r\nabc\r\n' + b'-1\r\nsmuggled\r\n0\r\n\r\n')
            read_head(client.take)
            tap.equal(client.take(8), b'3\r\nabc\r\n')
            while client.receive():
                pass
            tap.check(b'smuggled' not in client.buffer, f'{bytes(client.buffer)}')
        client.close()
        gateway.expect_end(side='backend', reason='bad-answer')


@tap.case('a backend that takes the request and closes is a 502', False)
@tap.case('a backend that takes the request and resets is a 502', True)
def closes_early(resets):
    with played() as (gateway, backend), wire.Client(gateway.address) as client:
        _, connection, _ = ask(client, backend)
        connection.send(b'HTTP/1.1 10')
        (connection.reset if resets else connection.close)()
        client.expect_refusal(502, 'closed the connection')
        client.close()
        gateway.expect_end(side='backend', reason='bad-answer', code=502)


@tap.case('a backend that takes the request and answers nothing is a 504', b'')
@tap.case('a backend that never ends its head is a 504', b'HTTP/1.1 101 Swi')
def answers_nothing(beginning):
    with played({'handshake_timeout': '200ms'}) as (gateway, backend), \
            wire.Client(gateway.address) as client:
        _, connection, _ = ask(client, backend)
        with connection:
            connection.send(beginning)
            client.expect_refusal(504, 'did not answer it in time')
            connection.expect_all(b'')
        client.close()
        gateway.expect_end(side='backend', reason='answer-timeout', code=504)
        tap.equal(gateway.state()['answers_timed_out'], 1, 'answers_timed_out')


@tap.case('a client that leaves before the answer takes its backend along')
def client_leaves_early():
    with played() as (gateway, backend):
        client = wire.Client(gateway.address)
        _, connection, _ = ask(client, backend)
        with connection:
            client.reset()
            # The reset is noticed before the backend says anything.
            connection.expect_all(b'')
        gateway.next_end()


@tap.case('a connection that rests after an answer is closed without a word')
def rests_after_answer():
    with played({'handshake_timeout': '200ms'}) as (gateway, backend), \
            wire.Client(gateway.address) as client:
        _, connection, _ = ask(client, backend)
        with connection:
            connection.send(REFUSES)
            tap.equal(read_answer(client).status, 401)
            client.expect_fin()
        client.close()
        gateway.expect_end(reason='answered', code=401)


@tap.case('no server listens at unix:/path: 502, and the log names the path', 'websocket')
@tap.case('the same in tcp mode', 'tcp')
def unix_server_missing(mode):
    with socket_folder() as folder:
        with harness.Gateway(f'unix:{folder}/s', route={'mode': mode}) as gateway, \
                wire.Client(gateway.address) as client:
            client.send(wire.request())
            client.expect_refusal(502)
            client.close()
            gateway.wait_log(f'dial to unix:{folder}/s failed')
            gateway.expect_end(side='backend', reason='dial-failed', code=502)


@tap.case('a server at unix:/path in tcp mode gets the bytes and sends others')
def unix_server_tcp_mode():
    with socket_folder() as folder, backends.UnixBackend(f'{folder}/s') as backend, \
            harness.Gateway(backend.port) as gateway, wire.connect(gateway) as client, \
            backend.accept() as connection:
        payload = bytes(range(256)) * 1000
        client.send(wire.frame(wire.BINARY, payload))
        tap.check(connection.take(len(payload)) == payload, 'the bytes differ')
        connection.send(payload)
        connection.half_close()
        tap.check(client.data(len(payload)) == payload, 'the payload differs')
        client.answer_close(1000)
        connection.expect_all(b'')


if __name__ == '__main__':
    sys.exit(tap.main())
