# SPDX-License-Identifier: Apache-2.0
"""websocket mode as a test plays it: what the backend got of a handshake, byte for byte, what it
answers, and what the client gets of that."""
import base64
import collections
import contextlib
import hashlib
import os
import tempfile
import threading

import backends
import harness
import tap
import wire

HEAD_BYTES_MAX = 65536

Request = collections.namedtuple('Request', 'line fields')
Answer = collections.namedtuple('Answer', 'status reason fields body')


def values(message, name):
    """All values of a field, in their order; `message` has fields as pairs."""
    return [value for key, value in message.fields if key.lower() == name.lower()]


def value(message, name):
    found = values(message, name)
    tap.equal(len(found), 1, f'fields {name} in {message}')
    return found[0]


def read_head(take):
    """(first line, [(name, value)]); `take(1)` brings the next byte."""
    head = bytearray()
    while not head.endswith(b'\r\n\r\n'):
        head += take(1)
        tap.check(len(head) <= HEAD_BYTES_MAX, 'a head without an end')
    line, *lines = head[:-4].decode('latin-1').split('\r\n')
    fields = [tuple(each.split(': ', 1)) for each in lines]
    tap.check(all(len(field) == 2 for field in fields), f'a field without ": " in {head!r}')
    return line, fields


def read_request(connection):
    """What the backend got, up to and with the blank line."""
    return Request(*read_head(connection.take))


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + wire.GUID).digest()).decode()


def head(line, *fields):
    return '\r\n'.join([line, *fields, '', '']).encode('latin-1')


def switching(request, *fields):
    """The 101 for a request that the backend got."""
    accept = accept_of(value(request, 'Sec-WebSocket-Key'))
    return head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
                f'Sec-WebSocket-Accept: {accept}', *fields)


def read_chunked(client):
    """(the body's bytes as they came, chunk sizes and all; what they carry)."""
    raw, carried = bytearray(), bytearray()

    def line():
        got = bytearray()
        while not got.endswith(b'\r\n'):
            got += client.take(1)
        raw.extend(got)
        return bytes(got[:-2])
    while size := int(line().split(b';')[0], 16):
        data = client.take(size + 2)
        raw.extend(data)
        carried.extend(data[:-2])
    while line():
        pass
    return bytes(raw), bytes(carried)


def read_answer(client):
    """The answer that a client gets; its body is what Content-Length or chunks say."""
    status_line, fields = read_head(client.take)
    version, status, reason = status_line.split(' ', 2)
    tap.equal(version, 'HTTP/1.1', 'version')
    answer = Answer(int(status), reason, fields, b'')
    if values(answer, 'Transfer-Encoding'):
        tap.equal(value(answer, 'Transfer-Encoding').lower(), 'chunked', 'Transfer-Encoding')
        tap.equal(values(answer, 'Content-Length'), [], 'Content-Length beside chunks')
        return answer._replace(body=read_chunked(client)[1])
    if values(answer, 'Content-Length'):
        return answer._replace(body=client.take(int(value(answer, 'Content-Length'))))
    return answer


@contextlib.contextmanager
def played(limits=None, route=None, **options):
    """(gateway, backend that the test plays) with a route of mode "websocket"."""
    with backends.Backend() as backend, \
            harness.Gateway(backend.port, limits=limits,
                            route={'mode': 'websocket', **(route or {})}, **options) as gateway:
        yield gateway, backend


def ask(client, backend, path='/ws', **headers):
    """(key, backend's end, request as the backend got it): the handshake is under way."""
    key = base64.b64encode(os.urandom(16)).decode()
    client.send(wire.request(path, key=key, **headers))
    connection = backend.accept()
    return key, connection, read_request(connection)


@contextlib.contextmanager
def session(gateway, backend, receive_buffer=None, **headers):
    """(client, the backend's end) of an open session."""
    with wire.Client(gateway.address, receive_buffer=receive_buffer) as client:
        key, connection, request = ask(client, backend, **headers)
        with connection:
            connection.send(switching(request))
            client.expect_101(key)
            yield client, connection


def expect_open(client, backend, **headers):
    """The client's connection takes one more handshake, and this one ends with a session."""
    key, connection, request = ask(client, backend, **headers)
    with connection:
        connection.send(switching(request))
        client.expect_101(key)
        client.send(wire.frame(wire.TEXT, b'hello', key=b'\0\0\0\0'))
        tap.equal(connection.take(11), b'\x81\x85\0\0\0\0hello', 'the frame')
        connection.send(b'\x81\x02ok')
        tap.equal(client.take(4), b'\x81\x02ok')
        client.socket.close()
        connection.expect_all(b'')


@contextlib.contextmanager
def socket_folder():
    """A folder for unix sockets: their paths have at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix='ringway-') as folder:
        yield folder


class InThread:
    """A call that may block, beside the test. `result()` waits for it and raises what it raised."""

    def __init__(self, function, *arguments):
        self._outcome = []
        self._thread = threading.Thread(target=self._run, args=(function, arguments), daemon=True)
        self._thread.start()

    def _run(self, function, arguments):
        try:
            self._outcome = [function(*arguments), None]
        except BaseException as error:  # pylint: disable=broad-except; it is raised in result()
            self._outcome = [None, error]

    def result(self, seconds=harness.SECONDS * 3):
        self._thread.join(seconds)
        tap.check(self._outcome, f'a call did not end in {seconds} s')
        returned, error = self._outcome
        if error:
            raise error
        return returned
