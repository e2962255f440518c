#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A real TCP service behind a tcp route: redis-server, which knows nothing of WebSocket."""
import contextlib
import os
import random
import shutil
import signal
import socket
import sys
import threading

import harness
import tap
import wire

REDIS = shutil.which('redis-server')
START_TRIES = 5


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as probe:
        return probe.getsockname()[1]


def start_redis():
    """redis-server on a free port. Between the probe and its bind another may take the port."""
    for _ in range(START_TRIES):
        port = free_port()
        server = harness.Server([REDIS, '--port', str(port), '--bind', '127.0.0.1', '--save', '',
                                 '--appendonly', 'no', '--dir', '/'])
        try:
            server.wait_log('Ready to accept connections')
            return server, port
        except AssertionError:
            tap.notes.append(server.log())
            server.close()
    raise AssertionError('redis-server does not start')


class Redis:
    """RESP over a WebSocket."""

    def __init__(self, client):
        self.client = client
        self.buffer = bytearray()

    def _more(self):
        got = self.client.next_frame()
        tap.equal(got.opcode, wire.BINARY, f'opcode of {tap.shown(got)}')
        self.buffer += got.payload

    def _take(self, count):
        while len(self.buffer) < count:
            self._more()
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    def _line(self):
        begin = 0
        while (end := self.buffer.find(b'\r\n', begin)) < 0:
            begin = max(0, len(self.buffer) - 1)
            self._more()
        return self._take(end + 2)[:-2]

    def reply(self):
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b'$':
            return None if rest == b'-1' else self._take(int(rest) + 2)[:-2]
        if kind == b':':
            return int(rest)
        tap.equal(kind, b'+', f'kind of the reply {line!r}')
        return rest


def command(*words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    parts = [b'*%d\r\n' % len(words)] + [b'$%d\r\n%s\r\n' % (len(word), word) for word in words]
    return b''.join(parts)


@contextlib.contextmanager
def redis_session():
    server, port = start_redis()
    with server, harness.Gateway(port) as gateway, wire.connect(gateway) as client:
        yield gateway, client, Redis(client)
        client.close_in_order()
        gateway.expect_end(side='client', reason='close', code=1000)
        server.signal(signal.SIGTERM)
        tap.equal(server.wait(), 0, 'exit code of redis-server')


@tap.case('redis answers PING behind a tcp route')
def answers():
    with redis_session() as (_, client, redis):
        client.send(wire.frame(wire.TEXT, command('PING')))
        tap.equal(redis.reply(), b'PONG')


@tap.case('ten thousand SETs and GETs in one burst are answered in order', 'a frame each')
@tap.case('ten thousand SETs and GETs cut into random frames are answered in order', 'random')
def burst(framing):
    with redis_session() as (_, client, redis):
        data = b''.join(command('SET', f'key:{number}', f'value {number}') +
                        command('GET', f'key:{number}') for number in range(10_000))
        if framing == 'random':
            frames = random_frames(data)
        else:
            frames = b''.join(wire.frame(wire.BINARY, command('SET', f'key:{number}',
                                                              f'value {number}') +
                                         command('GET', f'key:{number}'))
                              for number in range(10_000))
        sender = threading.Thread(target=client.send, args=(frames,))
        sender.start()
        for number in range(10_000):
            tap.equal(redis.reply(), b'OK')
            tap.equal(redis.reply(), b'value %d' % number)
        sender.join()


def random_frames(data):
    """`data` in messages and fragments of random sizes."""
    frames = []
    at = 0
    inside = False
    while at < len(data):
        size = random.choice([0, 1, 10, 125, 126, 1000, 65535, 65536, 100_000])
        piece = data[at:at + size]
        at += size
        fin = at >= len(data) or random.random() < 0.5
        frames.append(wire.frame(wire.CONTINUATION if inside else wire.BINARY, piece, fin))
        inside = not fin
    return b''.join(frames)


@tap.case('a value of 32 MiB goes in and comes back byte for byte')
def large_value():
    with redis_session() as (_, client, redis):
        value = os.urandom(32 << 20)
        client.send(wire.frame(wire.BINARY, command('SET', 'large', value)))
        tap.equal(redis.reply(), b'OK')
        client.send(wire.frame(wire.BINARY, command('STRLEN', 'large') + command('GET', 'large')))
        tap.equal(redis.reply(), len(value))
        tap.check(redis.reply() == value, 'the value differs')


if __name__ == '__main__':
    sys.exit(tap.main(skip=None if REDIS else 'redis-server is not installed'))
