# SPDX-License-Identifier: Apache-2.0
"""Services behind the gateway: one that a test plays itself, and one that echoes."""
import asyncio
import fcntl
import pathlib
import socket
import struct
import termios
import threading

import harness
import tap

SECONDS = 10


class Connection:
    """The backend's end of one session."""

    def __init__(self, accepted):
        self.socket = accepted
        self.socket.settimeout(SECONDS)
        if accepted.family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        self.socket.sendall(data)

    def take(self, count):
        """Exactly `count` bytes."""
        data = bytearray()
        while len(data) < count:
            piece = self._receive(count - len(data))
            if not piece:
                raise AssertionError(f'the stream ended after {len(data)} of {count} bytes: '
                                     f'{tap.shown(bytes(data))}')
            data += piece
        return bytes(data)

    def take_all(self):
        """What comes before FIN. A reset raises."""
        data = bytearray()
        while piece := self._receive(1 << 20):
            data += piece
        return bytes(data)

    def _receive(self, count):
        try:
            return self.socket.recv(count)
        except socket.timeout:
            raise AssertionError(f'the gateway sent nothing for {SECONDS} s') from None

    def expect_all(self, wanted):
        """Exactly `wanted` came, and FIN behind it."""
        tap.equal(self.take_all(), wanted, 'bytes before FIN')

    def wait_until_read(self):
        """Until the gateway has read all that was sent: nothing is under way, nothing waits."""
        def unsent():
            answer = fcntl.ioctl(self.socket, termios.TIOCOUTQ, b'\0' * 4)
            return struct.unpack('i', answer)[0]
        remote = self.socket.getpeername()[1]
        local = self.socket.getsockname()[1]
        harness.wait_for(lambda: unsent() == 0 and waiting_bytes(remote, local) == 0,
                         'the gateway to read')

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def waiting_bytes(local, remote):
    """The receive queue of the IPv4 socket between two ports of this machine; None: no socket."""
    for line in pathlib.Path('/proc/net/tcp').read_text().splitlines()[1:]:
        fields = line.split()
        ports = tuple(int(address.split(':')[1], 16) for address in fields[1:3])
        if ports == (local, remote):
            return int(fields[4].split(':')[1], 16)
    return None


class Backend:
    """A listening socket; the test accepts and speaks."""

    def __init__(self, backlog=128, host='127.0.0.1', port=0):
        family = socket.AF_INET6 if ':' in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(SECONDS)
        # A server that comes back to its port finds it in TIME_WAIT.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, port != 0)
        self.socket.bind((host, port))
        self.socket.listen(backlog)
        self.port = self.socket.getsockname()[1]

    def accept(self):
        try:
            return Connection(self.socket.accept()[0])
        except socket.timeout:
            raise AssertionError(f'the gateway did not dial for {SECONDS} s') from None

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class UnixBackend(Backend):
    """The same on a unix socket."""

    def __init__(self, path):  # pylint: disable=super-init-not-called; nothing of it is TCP's
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(SECONDS)
        self.socket.bind(path)
        self.socket.listen(128)
        self.port = f'unix:{path}'


class FullBackend(Backend):
    """A listening socket whose queue is full: the kernel does not answer further dials."""

    def __init__(self, host='127.0.0.1'):
        super().__init__(backlog=0, host=host)
        self.fillers = []
        while (filler := self._try_filler()) is not None:
            self.fillers.append(filler)
            tap.check(len(self.fillers) < 16, 'a listening queue of 0 does not get full here')

    def _try_filler(self):
        filler = socket.socket()
        filler.settimeout(0.3)
        try:
            filler.connect(self.socket.getsockname())
        except socket.timeout:
            filler.close()
            return None
        return filler

    def make_room(self):
        """Accepts the fillers' connections, so that a dial's next attempt succeeds."""
        for filler in self.fillers:
            self.accept().close()
            filler.close()

    def close(self):
        for filler in self.fillers:
            filler.close()
        super().close()


class Echo:
    """Sends everything back; ends a connection when the gateway has ended it. asyncio in a thread
    of its own, so that a test may block."""

    def __init__(self, host='127.0.0.1'):
        self.host = host
        self.port = None
        self.loop = asyncio.new_event_loop()
        self.connections = 0
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        tap.check(self._listening.wait(SECONDS), 'the echo service does not start')

    def _serve(self):
        async def begin():
            server = await asyncio.start_server(self._echo, self.host, 0, limit=1 << 20,
                                                backlog=1024)
            self.port = server.sockets[0].getsockname()[1]
            self._listening.set()
            return server
        server = self.loop.run_until_complete(begin())
        self.loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    async def _echo(self, reader, writer):
        self.connections += 1
        try:
            while data := await reader.read(1 << 18):
                writer.write(data)
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
