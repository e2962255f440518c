#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Those beside an attack: an echo service, sessions through a gateway that exchange small messages
with it, and new clients that come all the time. A process of its own, so that no attacker's work
is taken for the gateway's.

It prints `listening on 127.0.0.1:PORT` for its service and reads commands, each one line:
`open PORT PATH COUNT` opens the sessions; `begin` lets them talk, and new clients come; `end` waits
for what is under way and prints what was seen as JSON."""
import argparse
import base64
import collections
import contextlib
import hashlib
import json
import os
import selectors
import socket
import statistics
import struct
import sys
import time

GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
BINARY, CLOSE, PING, PONG = 2, 8, 9, 10
# An answer that has not come after so long never comes: the longest wait of any case is shorter.
PATIENCE = 3.0
MESSAGE_BYTES = 32
RECEIVE_BYTES = 1 << 16


def frame(opcode, payload):
    """A frame of a client; the mask of zeros leaves the payload as it is (RFC 6455 5.3)."""
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + bytes(4) + payload


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


class Service:
    """One connection of the echo service; with `upgrades` it takes a handshake first."""

    def __init__(self, accepted, upgrades):
        self.socket = accepted
        self.head = b'' if upgrades else None

    def on_readable(self):
        """False: it has ended."""
        try:
            data = self.socket.recv(RECEIVE_BYTES)
            if self.head is not None:
                data = self._upgraded(data)
            if data:
                self.socket.send(data)
            return bool(data) or self.head is not None
        except BlockingIOError:
            return True
        except OSError:
            return False

    def _upgraded(self, data):
        self.head += data
        head, end, rest = self.head.partition(b'\r\n\r\n')
        if not data or not end:
            self.head = None if not data else self.head
            return b''
        key = [line.split(b': ')[1] for line in head.split(b'\r\n')
               if line.lower().startswith(b'sec-websocket-key')][0]
        self.head = None
        return (b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                b'Sec-WebSocket-Accept: ' + accept_of(key) + b'\r\n\r\n' + rest)


class Client:
    """One session. `waits_from` is when what it waits for was asked; None: it waits for nothing."""

    def __init__(self, port, path):
        self.key = base64.b64encode(os.urandom(16))
        self.request = (f'GET {path} HTTP/1.1\r\nHost: beside.example\r\nUpgrade: websocket\r\n'
                        f'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: '
                        f'{self.key.decode()}\r\n\r\n').encode()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.waits_from = time.monotonic()
        self.due = 0.0
        self.upgraded = False
        self.trouble = None
        self.buffer = b''
        self.echoed = b''
        self.expected = b''
        with contextlib.suppress(BlockingIOError):
            self.socket.connect(('127.0.0.1', port))

    def on_writable(self):
        """The connection is there, or was refused, which on_readable finds."""
        with contextlib.suppress(OSError):
            self.socket.send(self.request)

    def say(self, now):
        self.expected = os.urandom(MESSAGE_BYTES)
        self.echoed = b''
        self.waits_from = now
        try:
            self.socket.send(frame(BINARY, self.expected))
        except OSError as error:
            self.trouble = type(error).__name__

    def on_readable(self):
        """Whether an answer is complete now: the 101 or an echo. `trouble` says what went wrong."""
        try:
            data = self.socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return False
        except OSError as error:
            self.trouble = self.trouble or type(error).__name__
            return False
        if not data:
            self.trouble = self.trouble or 'the end'
            return False
        self.buffer += data
        return self._take_frames() if self.upgraded else self._take_head()

    def _take_head(self):
        head, end, rest = self.buffer.partition(b'\r\n\r\n')
        if not end:
            return False
        lines = head.split(b'\r\n')
        if not lines[0].startswith(b'HTTP/1.1 101 ') or not any(
                line.lower() == b'sec-websocket-accept: ' + accept_of(self.key).lower()
                for line in lines):
            self.trouble = lines[0].decode('latin-1')
            return False
        self.upgraded = True
        self.buffer = rest
        return True

    def _take_frames(self):
        while len(self.buffer) >= 2:
            opcode, size = self.buffer[0] & 15, self.buffer[1] & 127
            # A service that passes frames back leaves them masked, with zeros.
            begin = 6 if self.buffer[1] & 128 else 2
            if len(self.buffer) < begin + size:
                break
            payload = self.buffer[begin:begin + size]
            self.buffer = self.buffer[begin + size:]
            if opcode == PING:
                self.socket.send(frame(PONG, payload))
            elif opcode == CLOSE:
                code = struct.unpack('!H', payload[:2])[0] if payload else None
                self.trouble = f'Close {code} {payload[2:].decode("latin-1")}'
            else:
                self.echoed += payload
        if self.trouble or len(self.echoed) < len(self.expected):
            return False
        if self.echoed != self.expected:
            self.trouble = 'another echo'
        return not self.trouble


class Figures:
    """What was seen between `begin` and `end`."""

    def __init__(self):
        self.answers = []
        self.served = []
        self.unanswered = 0
        self.ended = collections.Counter()
        self.refused = collections.Counter()

    def report(self):
        def middle(values):
            return round(statistics.median(values), 3) if values else None
        return {'answers': len(self.answers), 'median_ms': middle(self.answers),
                'longest_ms': round(max(self.answers, default=0), 3),
                'unanswered': self.unanswered, 'ended': self.ended,
                'served': len(self.served), 'served_median_ms': middle(self.served),
                'refused': self.refused}


class Bystanders:
    """All of them, in one loop."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=1024)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ, self._accept)
        os.set_blocking(0, False)
        self.selector.register(0, selectors.EVENT_READ, self._command)
        self.commands = b''
        self.sessions = []
        self.visitors = set()
        self.figures = Figures()
        self.state = 'quiet'
        self.next_visitor = 0.0
        self.target = None
        self.done = False

    def _accept(self, _):
        with contextlib.suppress(BlockingIOError):
            accepted, _ = self.listener.accept()
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            service = Service(accepted, self.arguments.upgrades)

            def serve(_):
                if not service.on_readable():
                    self.selector.unregister(accepted)
                    accepted.close()
            self.selector.register(accepted, selectors.EVENT_READ, serve)

    def _command(self, _):
        data = os.read(0, 4096)
        self.done = not data
        *lines, self.commands = (self.commands + data).split(b'\n')
        for line in lines:
            word, *rest = line.decode().split()
            if word == 'open':
                self.target = (int(rest[0]), rest[1])
                self.sessions = [self._client() for _ in range(int(rest[2]))]
                self.state = 'opening'
            elif word == 'begin':
                self._begin()
            else:
                self.state = 'ending'

    def _begin(self):
        self.figures = Figures()
        self.state = 'talking'
        now = time.monotonic()
        self.next_visitor = now
        for number, client in enumerate(self.sessions):
            client.due = now + self.arguments.interval * number / len(self.sessions)

    def _client(self):
        client = Client(*self.target)

        def on_event(mask):
            if mask & selectors.EVENT_WRITE:
                client.on_writable()
                self.selector.modify(client.socket, selectors.EVENT_READ, on_event)
            if mask & selectors.EVENT_READ:
                self._on_client(client)
        self.selector.register(client.socket, selectors.EVENT_READ | selectors.EVENT_WRITE,
                               on_event)
        return client

    def _on_client(self, client):
        asked = client.waits_from
        if client.on_readable():
            now = time.monotonic()
            if client in self.visitors and not client.expected:
                client.say(now)
                client.waits_from = asked
                return
            client.waits_from = None
            if client in self.visitors:
                self.figures.served.append((now - asked) * 1000)
                self._bid_farewell(client)
            elif client.expected:
                self.figures.answers.append((now - asked) * 1000)
                client.due = max(client.due + self.arguments.interval, now)
        if client.trouble:
            self._give_up(client, client.trouble)

    def _bid_farewell(self, client):
        with contextlib.suppress(OSError):
            client.socket.send(frame(CLOSE, b'\x03\xe8'))
        self._forget(client)

    def _forget(self, client):
        self.selector.unregister(client.socket)
        client.socket.close()
        self.visitors.discard(client)
        if client in self.sessions:
            self.sessions.remove(client)

    def _give_up(self, client, why):
        counts = self.figures.refused if client in self.visitors else self.figures.ended
        counts[why] += 1
        self._forget(client)

    def _turn(self, now):
        """What is due. Once nothing is under way, a wanted answer is given."""
        if self.state == 'talking':
            for client in list(self.sessions):
                if client.waits_from is None and client.due <= now:
                    client.say(now)
                    if client.trouble:
                        self._give_up(client, client.trouble)
            if self.next_visitor <= now:
                self.next_visitor = now + self.arguments.visitor_interval
                self.visitors.add(self._client())
        for client in [each for each in self.visitors if now - each.waits_from > PATIENCE]:
            self._give_up(client, 'no answer')
        waiting = [each for each in self.sessions if each.waits_from is not None]
        if self.state == 'opening' and not waiting:
            self._say({'opened': len(self.sessions), 'ended': self.figures.ended})
        elif self.state == 'ending' and not self.visitors and not [
                each for each in waiting if now - each.waits_from < PATIENCE]:
            self.figures.unanswered = len(waiting)
            self._say(self.figures.report())

    def _say(self, what):
        self.state = 'quiet'
        print(json.dumps(what), flush=True)

    def run(self):
        print(f'listening on 127.0.0.1:{self.listener.getsockname()[1]}', flush=True)
        while not self.done:
            self._turn(time.monotonic())
            for key, mask in self.selector.select(0.002 if self.state != 'quiet' else 1):
                key.data(mask)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n', maxsplit=1)[0])
    parser.add_argument('--interval', type=float, default=0.04,
                        help='seconds between two messages of a session (default 0.04)')
    parser.add_argument('--visitor-interval', type=float, default=0.05,
                        help='seconds between two new clients (default 0.05)')
    parser.add_argument('--upgrades', action='store_true',
                        help='the service takes handshakes: it stands behind mode "websocket"')
    return parser.parse_args()


def come_first():
    """What shares this core must not count as the gateway's slowness."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


if __name__ == '__main__':
    come_first()
    Bystanders(parse_arguments()).run()
    sys.exit(0)
