#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Frames that RFC 6455 forbids. Each is answered with a Close frame that names the fault (never a
bare end), and the backend has received what was good before it, then FIN."""
import sys

import backends
import harness
import tap
import wire
from wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

GOOD = b'good before'
BEFORE = frame(BINARY, GOOD)

# reason= of the `session end` line
REASONS = {1002: 'protocol-error', 1007: 'invalid-payload', 1009: 'too-big'}

# sentence, close code, bytes of the client, what of them is good, limits
FAULTS = [
    ('an unmasked frame', 1002, wire.unmasked_frame(BINARY, b'x'), b'', {}),
    ('an unmasked ping', 1002, wire.unmasked_frame(PING, b''), b'', {}),
    *[(f'a frame with RSV bit {name}', 1002, frame(BINARY, b'x', rsv=bits), b'', {})
      for name, bits in (('1', 4), ('2', 2), ('3', 1))],
    ('a ping with an RSV bit', 1002, frame(PING, rsv=4), b'', {}),
    *[(f'reserved opcode {opcode:#x}', 1002, frame(opcode, b'x'), b'', {})
      for opcode in (3, 7, 11, 15)],
    ('a ping of 126 bytes', 1002, frame(PING, bytes(126)), b'', {}),
    ('a Close of 126 bytes', 1002, frame(CLOSE, wire.close_payload(1000, 'x' * 124)), b'', {}),
    ('a pong with a 16-bit length', 1002, frame(PONG, b'x', form=16), b'', {}),
    ('a fragmented ping', 1002, frame(PING, b'x', fin=False), b'', {}),
    ('a fragmented Close', 1002, frame(CLOSE, b'', fin=False), b'', {}),
    ('a continuation without a message', 1002, frame(CONTINUATION, b'x'), b'', {}),
    ('a new message inside a fragmented one', 1002,
     frame(BINARY, b'a', fin=False) + frame(BINARY, b'b'), b'a', {}),
    ('a continuation after the last fragment', 1002,
     frame(TEXT, b'a', fin=False) + frame(CONTINUATION, b'b') + frame(CONTINUATION, b'c'),
     b'ab', {}),
    ('125 bytes with a 16-bit length', 1002, frame(BINARY, bytes(125), form=16), b'', {}),
    ('65535 bytes with a 64-bit length', 1002, frame(BINARY, bytes(65535), form=64), b'', {}),
    ('a length with its top bit set', 1002, b'\x82\xff' + b'\x80' + bytes(7) + bytes(4), b'', {}),
    ('a frame of more than frame_max', 1009, frame(BINARY, bytes(1001)), b'',
     {'frame_max': '1000B'}),
    ('a message of more than message_max', 1009, frame(BINARY, bytes(1001)), b'',
     {'message_max': '1000B'}),
    ('fragments of more than message_max together', 1009,
     frame(BINARY, b'f' * 600, fin=False) + frame(CONTINUATION, b'g' * 401), b'f' * 600,
     {'message_max': '1000B'}),
    *[(f'a Close with the code {code}', 1002, frame(CLOSE, wire.close_payload(code)), b'', {})
      for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535)],
    ('a Close with a payload of one byte', 1002, frame(CLOSE, b'\x03'), b'', {}),
    ('a Close whose reason is no UTF-8', 1007, frame(CLOSE, b'\x03\xe8ab\xff'), b'', {}),
]

# What is wrong with a text is told as soon as it is certain: none of these messages is whole.
# Behind each what may have been passed on by then.
TEXTS = [
    ('a byte that UTF-8 never has', frame(TEXT, b'ok\xff', fin=False), b'ok'),
    ('an overlong form', frame(TEXT, b'\xc0\xaf', fin=False), b''),
    ('a surrogate', frame(TEXT, b'\xed\xa0\x80', fin=False), b'\xed'),
    ('a character beyond U+10FFFF', frame(TEXT, b'\xf4\x90', fin=False), b'\xf4'),
    ('a character broken off by ASCII', frame(TEXT, b'\xe2\x82x', fin=False), b'\xe2\x82'),
    ('a character cut by a fragment and continued wrongly',
     frame(TEXT, b'\xe2\x82', fin=False) + frame(CONTINUATION, b'z', fin=False), b'\xe2\x82'),
    ('a bad byte in front of the rest of a long frame',
     frame(TEXT, b'\x80' + bytes(70_000))[:40], b''),
    ('a message that ends inside a character', frame(TEXT, b'gr\xc3'), b'gr'),
    ('a last fragment that ends inside a character',
     frame(TEXT, b'gr', fin=False) + frame(CONTINUATION, b'\xf0\x9f\x98'), b'gr\xf0\x9f'),
]


def expect_refusal(gateway, backend, code, data, pieces):
    """One session: `data` sent in `pieces` ends it with `code`. Returns what the backend got."""
    with wire.connect(gateway) as client, backend.accept() as connection:
        for piece in pieces(data):
            client.send(piece)
        client.expect_close(code)
        got = connection.take_all()
        connection.close()
        client.expect_fin()
    gateway.expect_end(side='gateway', reason=REASONS[code], code=code, cut=0)
    return got


def at_once(data):
    return [data]


def byte_by_byte(data):
    """The last kilobyte in single bytes; what comes before it would only take time."""
    return [data[:-1024], *(bytes([byte]) for byte in data[-1024:])]


def refuses(code, data, good, limits):
    with backends.Backend() as backend, harness.Gateway(backend.port, limits=limits) as gateway:
        for pieces in (at_once, byte_by_byte):
            got = expect_refusal(gateway, backend, code, BEFORE + data, pieces)
            tap.equal(got, GOOD + good, f'the backend got ({pieces.__name__})')


def refuses_text(data, passable):
    with backends.Backend() as backend, harness.Gateway(backend.port) as gateway:
        for pieces in (at_once, byte_by_byte):
            got = expect_refusal(gateway, backend, 1007, BEFORE + data, pieces)
            # What is good of the bad message may have been passed on, never what is wrong with it.
            tap.check(got.startswith(GOOD) and (GOOD + passable).startswith(got),
                      f'the backend got {got!r} ({pieces.__name__})')


for fault, close_code, fault_bytes, fault_good, fault_limits in FAULTS:
    tap.case(f'{fault} ends with {close_code}', close_code, fault_bytes, fault_good,
             fault_limits)(refuses)
for fault, fault_bytes, fault_good in TEXTS:
    tap.case(f'text with {fault} ends with 1007 at once', fault_bytes, fault_good)(refuses_text)


@tap.case('a binary message may hold any bytes')
def binary_is_not_text():
    with backends.Echo() as echo, harness.Gateway(echo.port) as gateway:
        with wire.connect(gateway) as client:
            client.send(frame(BINARY, b'\xff\xc0\x80'))
            tap.equal(client.data(3), b'\xff\xc0\x80')
            client.close_in_order()


@tap.case('what a client sends behind its fault is not used')
def deaf_after_fault():
    with backends.Backend() as backend, harness.Gateway(backend.port) as gateway:
        with wire.connect(gateway) as client, backend.accept() as connection:
            client.send(BEFORE + frame(3) + frame(BINARY, b'late' * 10_000) + frame(PING, b'late'))
            client.expect_close(1002)
            client.send(frame(BINARY, b'later'))
            connection.expect_all(GOOD)
            connection.close()
            client.expect_fin()
        gateway.expect_end(side='gateway', reason='protocol-error', code=1002)


@tap.case('messages of exactly frame_max and message_max pass')
def at_the_limit():
    limits = {'frame_max': '700B', 'message_max': '1000B'}
    with backends.Echo() as echo, harness.Gateway(echo.port, limits=limits) as gateway:
        with wire.connect(gateway) as client:
            for _ in range(2):
                client.send(frame(BINARY, b'a' * 700, fin=False) +
                            frame(CONTINUATION, b'b' * 300))
                tap.equal(client.data(1000), b'a' * 700 + b'b' * 300)
            client.close_in_order()


if __name__ == '__main__':
    sys.exit(tap.main())
