# SPDX-License-Identifier: Apache-2.0
"""A WebSocket client of raw bytes: it can send what no library would, and judges what comes back.

Nothing here shares code with the gateway: RFC 6455 was read once more."""
import base64
import collections
import hashlib
import os
import socket
import struct

import tap

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
SECONDS = 10

Frame = collections.namedtuple('Frame', 'opcode payload fin')
Response = collections.namedtuple('Response', 'status reason headers body')


def mask(key, payload):
    """RFC 6455 5.3, over whole integers because a loop over bytes takes seconds for a megabyte."""
    size = len(payload)
    keys = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, 'big') ^ int.from_bytes(keys, 'big')).to_bytes(size, 'big')


def length_bytes(size, masked=0x80, form=None):
    """The second byte and the extended length; `form` 16 or 64 forces a form (5.2)."""
    if form is None:
        form = 7 if size < 126 else 16 if size < 65536 else 64
    if form == 7:
        return bytes([masked | size])
    if form == 16:
        return bytes([masked | 126]) + struct.pack('!H', size)
    return bytes([masked | 127]) + struct.pack('!Q', size)


def frame(opcode, payload=b'', fin=True, rsv=0, form=None, key=None):
    """A frame of a client: masked."""
    key = os.urandom(4) if key is None else key
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    return head + length_bytes(len(payload), form=form) + key + mask(key, payload)


def unmasked_frame(opcode, payload):
    return bytes([0x80 | opcode]) + length_bytes(len(payload), masked=0) + payload


def close_payload(code, reason=''):
    return struct.pack('!H', code) + reason.encode()


def request(path='/ws', key=None, host='test.example', method='GET', **headers):
    """An opening handshake. A header is given as Sec_WebSocket_Key=...; None leaves it away."""
    fields = {'Host': host, 'Upgrade': 'websocket', 'Connection': 'Upgrade',
              'Sec-WebSocket-Key': key or base64.b64encode(os.urandom(16)).decode(),
              'Sec-WebSocket-Version': '13'}
    fields.update({name.replace('_', '-'): value for name, value in headers.items()})
    lines = [f'{name}: {value}' for name, value in fields.items() if value is not None]
    return '\r\n'.join([f'{method} {path} HTTP/1.1', *lines, '', '']).encode()


class Client:
    """One connection. Every read has a deadline; bytes that came early wait in `buffer`."""

    def __init__(self, address, receive_buffer=None, bind=None, segment=None):
        family = socket.AF_INET6 if ':' in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if segment:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        if bind:
            self.socket.bind(bind)
        self.socket.connect(address)
        self.buffer = bytearray()
        self.pings = 0

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- bytes

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """More bytes into `buffer`; False at the end of the stream. A reset raises."""
        try:
            data = self.socket.recv(1 << 20)
        except socket.timeout:
            raise AssertionError(f'nothing came for {SECONDS} s; so far '
                                 f'{tap.shown(bytes(self.buffer))}') from None
        self.buffer += data
        return bool(data)

    def take(self, count):
        while len(self.buffer) < count:
            if not self.receive():
                raise AssertionError(f'the stream ended {count - len(self.buffer)} bytes early; '
                                     f'there was {tap.shown(bytes(self.buffer))}')
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    def expect_fin(self):
        """The stream ends here, in order (not by a reset), with nothing left."""
        while self.receive():
            pass
        tap.equal(bytes(self.buffer), b'', 'bytes before the end of the stream')

    # ---- HTTP

    def response(self):
        """The answer to a request; its body is what Content-Length announces."""
        while b'\r\n\r\n' not in self.buffer:
            tap.check(self.receive(), f'no answer but {bytes(self.buffer)!r}')
        head = self.take(self.buffer.index(b'\r\n\r\n') + 4).decode()
        status_line, *lines = head[:-4].split('\r\n')
        version, status, reason = status_line.split(' ', 2)
        tap.equal(version, 'HTTP/1.1', 'version')
        headers = {}
        for line in lines:
            name, value = line.split(':', 1)
            tap.check(name.lower() not in headers, f'{name} comes twice')
            headers[name.lower()] = value.strip()
        body = self.take(int(headers.get('content-length', 0))).decode()
        return Response(int(status), reason, headers, body)

    def handshake(self, path='/ws', **headers):
        """Opens the WebSocket; returns the 101, whose fields were checked (RFC 6455 4.1)."""
        key = base64.b64encode(os.urandom(16)).decode()
        self.send(request(path, key=key, **headers))
        return self.expect_101(key)

    def expect_101(self, key):
        response = self.response()
        tap.equal(response.status, 101, f'status of {response}')
        tap.equal(response.headers['upgrade'].lower(), 'websocket', 'Upgrade')
        tap.equal(response.headers['connection'].lower(), 'upgrade', 'Connection')
        accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
        tap.equal(response.headers['sec-websocket-accept'], accept, 'Sec-WebSocket-Accept')
        tap.check('sec-websocket-extensions' not in response.headers, 'an extension was chosen')
        return response

    def expect_refusal(self, status, word=''):
        """An HTTP answer with a text body that has `word`, then the end."""
        response = self.response()
        tap.equal(response.status, status, f'status of {response}')
        tap.check(response.headers.get('content-type', '').startswith('text/plain'),
                  f'no text: {response}')
        tap.check(response.body.strip() and word in response.body, f'no {word!r} in {response}')
        self.expect_fin()
        return response

    # ---- frames

    def frame(self):
        """The next frame, which has to be as a server sends it (5.1, 5.2, 5.5)."""
        first, second = self.take(2)
        opcode, fin = first & 15, bool(first & 0x80)
        tap.check(not first & 0x70, f'reserved bits in {first:#x}')
        tap.check(opcode in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG), f'opcode {opcode}')
        tap.check(not second & 0x80, 'a server masks')
        size = second
        if second == 126:
            size = struct.unpack('!H', self.take(2))[0]
            tap.check(size >= 126, f'{size} in 16 bits')
        elif second == 127:
            size = struct.unpack('!Q', self.take(8))[0]
            tap.check(65536 <= size < 1 << 63, f'{size} in 64 bits')
        tap.check(opcode < 8 or (fin and size <= 125), f'control frame of {size} bytes, fin {fin}')
        return Frame(opcode, self.take(size), fin)

    def next_frame(self):
        """The next frame that is no ping of the gateway; pings are answered."""
        while True:
            got = self.frame()
            if got.opcode != PING:
                return got
            self.pings += 1
            self.send(frame(PONG, got.payload))

    def data(self, count, opcode=BINARY):
        """`count` bytes of payload, over as many frames as they came in."""
        data = bytearray()
        while len(data) < count:
            got = self.next_frame()
            tap.equal(got.opcode, opcode, f'opcode of {tap.shown(got)}')
            data += got.payload
        tap.equal(len(data), count, 'bytes')
        return bytes(data)

    def expect_close(self, code=None, reason=None):
        """A Close frame comes next. Code None: a Close without one."""
        got = self.next_frame()
        tap.equal(got.opcode, CLOSE, f'opcode of {tap.shown(got)}')
        found = struct.unpack('!H', got.payload[:2])[0] if got.payload else None
        text = got.payload[2:].decode()
        tap.equal(found, code, f'close code (reason {text!r})')
        if reason is not None:
            tap.equal(text, reason, 'close reason')
        return text

    def close_in_order(self, code=1000):
        """The client closes first."""
        self.send(frame(CLOSE, close_payload(code)))
        self.expect_close(code)
        self.expect_fin()
        self.close()

    def answer_close(self, code, reason=None):
        """The gateway closes first; the client answers, and the end comes in order."""
        text = self.expect_close(code, reason)
        self.send(frame(CLOSE, close_payload(code)))
        self.expect_fin()
        self.close()
        return text


def connect(gateway, path='/ws', **options):
    """An open WebSocket."""
    client = Client(gateway.address, **options)
    client.handshake(path)
    return client
