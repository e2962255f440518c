# SPDX-License-Identifier: Apache-2.0
"""What the tests of mode "static" share: a folder of files, a gateway in front of it, and a client
that reads answers byte for byte.

Nothing here shares code with the gateway: RFC 9110 and 9112 were read once more."""
import collections
import contextlib
import email.utils
import functools
import os
import pathlib
import random
import shutil
import struct
import tempfile

import harness
import tap
import wire

Answer = collections.namedtuple('Answer', 'status fields body')

# Answers that never have a body (RFC 9112 6.3).
BODILESS = (204, 304)
# Modified then, half a second past it: long enough ago that no clock can doubt it.
MODIFIED = 1_700_000_000


def config(routes, *, backends=(), limits=None, workers=1, level='debug'):
    """One listener and `routes`, each as its keys; those without a mode are static. `backends`:
    {name: port}."""
    tables = [('[gateway]', {'workers': workers, 'log_level': level}),
              ('[[listener]]', {'name': 'in', 'address': '127.0.0.1:0'})]
    for number, route in enumerate(routes):
        keys = {'mode': 'static', **route}
        if 'root' in keys:
            keys['root'] = str(keys['root'])
        tables.append(('[[route]]', {'name': f'r{number}', 'listener': 'in', **keys}))
    for name, port in dict(backends).items():
        tables.append(('[[backend]]', {'name': name, 'servers': [f'127.0.0.1:{port}']}))
    tables.append(('[limits]', {'close_timeout': '1h', **(limits or {})}))
    return harness.toml(tables)


@contextlib.contextmanager
def folder(below=None):
    """An empty folder that any user may read; `below`: inside this one."""
    if below is not None:
        pathlib.Path(below).mkdir(parents=True, exist_ok=True)
    path = pathlib.Path(tempfile.mkdtemp(prefix='ringway-e2e-', dir=below))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def site(files, *, route=None, prefix=(), **options):
    """(gateway, root) of a folder with `files`, {path: bytes}, served at /."""
    with folder() as root:
        for path, content in files.items():
            write(root / path, content)
        text = config([{'path': '/*', 'root': root, **(route or {})}], **options)
        with served(text, len(files), prefix=prefix) as gateway:
            yield gateway, root


@contextlib.contextmanager
def served(text, remembered, **options):
    """A gateway that remembers at most so many files when all is over."""
    with harness.Gateway(text=text, **options) as gateway:
        gateway.remembered = remembered * gateway.workers
        yield gateway


def write(path, content, modified=MODIFIED + 0.5):
    """A file and the folders above it; `modified` None: now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if modified is not None:
        os.utime(path, (modified, modified))


def replace(path, content):
    """Another file takes the name, at one blow."""
    beside = path.with_name(path.name + '.new')
    beside.write_bytes(content)
    beside.rename(path)


@functools.lru_cache(maxsize=8)
def content(size, seed=1):
    """Bytes that have no period."""
    return random.Random(f'{seed}/{size}').randbytes(size)


def http_date(seconds):
    return email.utils.formatdate(seconds, usegmt=True)


def request(path='/', lines=(), method='GET', version='HTTP/1.1', host='test.example'):
    """`path` as text or bytes; `lines`: whole header lines."""
    target = path if isinstance(path, bytes) else path.encode()
    head = [f'Host: {host}', *lines] if host else list(lines)
    fields = ''.join(f'{line}\r\n' for line in head).encode()
    return method.encode() + b' ' + target + b' ' + version.encode() + b'\r\n' + fields + b'\r\n'


class Browser(wire.Client):
    """A client that asks for files. A context like its parent."""

    def ask(self, path='/', lines=(), method='GET', **options):
        self.send(request(path, lines, method, **options))
        return self.answer(method)

    def head(self):
        """(status, fields) of the next answer; names are in lower case."""
        while b'\r\n\r\n' not in self.buffer:
            tap.check(self.receive(), f'no answer but {tap.shown(bytes(self.buffer))}')
        text = self.take(self.buffer.index(b'\r\n\r\n') + 4).decode('latin-1')
        status_line, *lines = text[:-4].split('\r\n')
        version, status, phrase = status_line.split(' ', 2)
        tap.equal(version, 'HTTP/1.1', 'version')
        tap.check(phrase, f'no reason in {status_line!r}')
        fields = {}
        for line in lines:
            name, value = line.split(': ', 1)
            tap.check(name.lower() not in fields, f'{name} comes twice')
            fields[name.lower()] = value
        return int(status), fields

    def answer(self, method='GET'):
        status, fields = self.head()
        has_body = method != 'HEAD' and status not in BODILESS
        body = self.take(int(fields['content-length'])) if has_body else b''
        return Answer(status, fields, body)

    def expect_silence(self):
        """The connection is open, and nothing waits on it."""
        tap.equal(bytes(self.buffer), b'', 'bytes nobody asked for')
        self.socket.setblocking(False)
        try:
            got = self.socket.recv(1)
            raise AssertionError(f'{got!r} came unasked' if got else 'the connection has ended')
        except BlockingIOError:
            self.socket.settimeout(wire.SECONDS)


def ask(gateway, path='/', lines=(), method='GET', **options):
    """One request on a connection of its own."""
    with Browser(gateway.address) as browser:
        return browser.ask(path, lines, method, **options)


def parts(answer):
    """[(Content-Range, Content-Type, bytes)] of a multipart/byteranges body (RFC 9110 14.6). Split
    by hand: a library's parser takes line ends in a part for its own."""
    kind, _, boundary = answer.fields['content-type'].partition('; boundary=')
    tap.equal(kind, 'multipart/byteranges', 'Content-Type')
    tap.check(0 < len(boundary) <= 70, f'a boundary of {len(boundary)}')
    mark = b'\r\n--' + boundary.encode()
    pieces = (b'\r\n' + answer.body).split(mark)
    tap.equal(pieces[0], b'', 'what stands before the first boundary')
    tap.equal(pieces[-1], b'--\r\n', 'what stands behind the last boundary')
    found = []
    for piece in pieces[1:-1]:
        head, _, data = piece.partition(b'\r\n\r\n')
        fields = dict(line.split(': ', 1) for line in head.decode().split('\r\n')[1:])
        found.append((fields['Content-Range'], fields['Content-Type'], data))
    return found


def stored_brotli(data):
    """A brotli stream that holds `data` as it is (RFC 7932 9.2): a window of 16 bits, one
    uncompressed meta-block, and an empty last one."""
    tap.check(0 < len(data) <= 1 << 16, 'one meta-block')
    header = (len(data) - 1) << 4 | 1 << 20
    return struct.pack('<I', header)[:3] + data + b'\x03'
