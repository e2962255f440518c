#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that send frames as fast as they are taken, and the service of mode "tcp" that takes
what they say and answers nothing. A process of its own.

It prints `listening on 127.0.0.1:PORT` for its service and reads commands, each one line:
`flood PORT PATH COUNT KIND` begins (KIND: bytes, pings or pages) and prints `flooding` when all
handshakes are over; `stop` resets the connections and prints {"sent": bytes}."""
import contextlib
import json
import os
import selectors
import socket
import struct
import sys

HANDSHAKE = ('GET {path} HTTP/1.1\r\nHost: flood.example\r\nUpgrade: websocket\r\nConnection: '
             'Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: '
             'dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
SECONDS = 10
BLOCK_BYTES = 1 << 20
FRAMES = {
    'bytes': b'\x82\x81\1\2\3\4x',
    'pings': b'\x89\x80\1\2\3\4',
    'pages': b'\x82\xfe\x10\x00\1\2\3\4' + bytes(4096),
}


class Flood:
    """One client; `offset` is where in the block of frames it goes on."""

    def __init__(self, port, path, kind):
        one = FRAMES[kind]
        self.block = memoryview(one * (BLOCK_BYTES // len(one)))
        self.offset = 0
        self.sent = 0
        self.socket = socket.create_connection(('127.0.0.1', port), SECONDS)
        self.socket.sendall(HANDSHAKE.format(path=path).encode())
        head = b''
        while not head.endswith(b'\r\n\r\n'):
            piece = self.socket.recv(1)
            if not piece:
                raise ConnectionError(f'no 101 but {head!r}')
            head += piece
        self.socket.setblocking(False)

    def on_event(self, mask):
        with contextlib.suppress(BlockingIOError):
            if mask & selectors.EVENT_READ:
                self.socket.recv(BLOCK_BYTES)
            sent = self.socket.send(self.block[self.offset:])
            self.offset = (self.offset + sent) % len(self.block)
            self.sent += sent

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.socket.close()


class Floods:
    """The clients and the service, in one loop."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=1024)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ, self._accept)
        os.set_blocking(0, False)
        self.selector.register(0, selectors.EVENT_READ, self._command)
        self.scratch = bytearray(BLOCK_BYTES)
        self.clients = []
        self.wanted = []
        self.done = False

    def _accept(self, _):
        with contextlib.suppress(BlockingIOError):
            accepted, _ = self.listener.accept()
            accepted.setblocking(False)

            def sink(_):
                try:
                    more = accepted.recv_into(self.scratch)
                except BlockingIOError:
                    return
                except OSError:
                    more = 0
                if not more:
                    self.selector.unregister(accepted)
                    accepted.close()
            self.selector.register(accepted, selectors.EVENT_READ, sink)

    def _command(self, _):
        data = os.read(0, 4096)
        self.done = not data
        for line in data.decode().splitlines():
            word, *rest = line.split()
            if word == 'flood':
                port, path, count, kind = rest
                self.wanted = [(int(port), path, kind)] * int(count)
            else:
                self._stop()

    def _open_next(self):
        client = Flood(*self.wanted.pop())
        self.clients.append(client)
        if self.wanted:
            return
        for each in self.clients:
            self.selector.register(each.socket, selectors.EVENT_READ | selectors.EVENT_WRITE,
                                   self._guarded(each))
        print('flooding', flush=True)

    def _guarded(self, client):
        def on_event(mask):
            if client not in self.clients:
                return  # Stopped by a command that came in the same batch.
            try:
                client.on_event(mask)
            except OSError:
                self.selector.unregister(client.socket)
        return on_event

    def _stop(self):
        sent = sum(client.sent for client in self.clients)
        for client in self.clients:
            with contextlib.suppress(KeyError):
                self.selector.unregister(client.socket)
            client.reset()
        self.clients = []
        print(json.dumps({'sent': sent}), flush=True)

    def run(self):
        print(f'listening on 127.0.0.1:{self.listener.getsockname()[1]}', flush=True)
        while not self.done:
            if self.wanted:
                self._open_next()
            for key, mask in self.selector.select(0 if self.wanted else 1):
                key.data(mask)


if __name__ == '__main__':
    Floods().run()
    sys.exit(0)
