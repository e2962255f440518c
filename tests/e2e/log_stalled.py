#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A log that nobody reads costs lines of the log, and nothing else.

The gateway's stderr is a pipe of one page. It is full after the first line that nobody reads."""
import contextlib
import fcntl
import os
import re
import select
import signal
import socket
import sys
import tempfile

import backends
import harness
import tap
import wire

PAGE = 4096
# More than the gateway holds back: 1 MiB that waits, as much that is being written, and the pipe.
OVERFLOW_BYTES = (2 << 20) + (256 << 10)
# An open session and a new one prove so often that they are served.
SESSIONS_A_ROUND = 200


@contextlib.contextmanager
def small_pipe():
    """(reader, writer); the reader never blocks."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PAGE)
    os.set_blocking(reader, False)
    try:
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)


class PipedGateway(harness.Gateway):
    """Reads its pipe while the test looks at the log, and at no other time."""

    def __init__(self, pipe, *ports, **options):
        self.reader, writer = pipe
        super().__init__(*ports, stderr=writer, **options)

    def collect_log(self):
        with open(self.log_file, 'ab') as log:
            while (select.select([self.reader], [], [], 0.05)[0] and
                   (piece := os.read(self.reader, PAGE))):
                log.write(piece)


@contextlib.contextmanager
def stalling_gateway():
    """(gateway, a client with an open session, whose backend echoes)."""
    with backends.Echo() as echo, small_pipe() as pipe:
        with PipedGateway(pipe, echo.port) as gateway, wire.connect(gateway) as client:
            yield gateway, client


def short_session(gateway):
    """Its end is one line of the log."""
    with wire.Client(gateway.address) as client:
        client.send(wire.request('/none'))
        client.expect_refusal(404)


def expect_echo(client, text):
    client.send(wire.frame(wire.BINARY, text))
    tap.equal(client.data(len(text)), text, 'echo')


def expect_service(gateway, client):
    """The open session gets its answer, and a new client is served."""
    expect_echo(client, b'of the open session')
    with wire.connect(gateway) as late:
        expect_echo(late, b'of a new session')
        late.close_in_order()


def overflow(gateway, client):
    """Sessions whose lines fit nowhere any more, while nobody reads; returns how many ended."""
    before = len(gateway.log())
    short_session(gateway)
    gateway.wait_log(' session end .*code=404')
    line_bytes = len(gateway.log()) - before
    ended = 1
    while ended * line_bytes < OVERFLOW_BYTES:
        for _ in range(SESSIONS_A_ROUND):
            short_session(gateway)
        expect_service(gateway, client)
        ended += SESSIONS_A_ROUND + 1
    return ended


@tap.case('while nobody reads the log, sessions go on, new ones begin and SIGTERM ends in order')
def serves():
    with stalling_gateway() as (gateway, client):
        overflow(gateway, client)
        gateway.signal(signal.SIGUSR1)
        expect_service(gateway, client)
        gateway.signal(signal.SIGTERM)
        client.answer_close(1001)
        tap.equal(gateway.wait(), 0, 'exit code')


@tap.case('once the log is read again it tells how many lines were lost; all others are whole')
def tells_loss():
    with stalling_gateway() as (gateway, client):
        ended = overflow(gateway, client)
        told = gateway.wait_log(r'^\S+ warning (\d+) lines of this log lost: ')
        lost = int(told.group(1))
        tap.check(lost > 0, told.group())
        tap.equal(len(gateway.ends()) + lost, ended, 'lines read and lost')
        bad = [line for line in gateway.log().splitlines()
               if not re.match(r'\S+T\S+ (debug|info|warning) \S', line)]
        tap.check(not bad, f'no whole lines: {bad}')
        gateway.signal(signal.SIGUSR1)
        gateway.wait_log(rf' info log lost_lines={lost}$')
        short_session(gateway)
        harness.wait_for(lambda: len(gateway.ends()) + lost == ended + 1, 'the next line')
        client.close_in_order()


@tap.case('a second signal ends at once while nobody reads the log')
def second_signal():
    with stalling_gateway() as (gateway, client):
        for _ in range(SESSIONS_A_ROUND):
            short_session(gateway)
        gateway.signal(signal.SIGTERM)
        client.expect_close(1001)
        gateway.signal(signal.SIGTERM)
        tap.equal(gateway.wait(), 128 + signal.SIGTERM, 'exit code')


@tap.case('a gateway whose log has no reader any more serves and ends in order')
def reader_gone():
    with backends.Echo() as echo, small_pipe() as pipe:
        with PipedGateway(pipe, echo.port) as gateway, wire.connect(gateway) as client:
            # Now the reader, which nobody else holds, is closed, and its number another file's.
            with open(os.devnull, 'rb') as nothing:
                os.dup2(nothing.fileno(), gateway.reader)
            for _ in range(SESSIONS_A_ROUND):
                short_session(gateway)
            expect_service(gateway, client)
            gateway.signal(signal.SIGTERM)
            client.answer_close(1001)
            tap.equal(gateway.wait(), 0, 'exit code')


@tap.case('a gateway that cannot start ends though nobody reads why')
def fails_to_start():
    with (small_pipe() as (_, writer), socket.socket() as taken,
          tempfile.NamedTemporaryFile('w', suffix='.toml') as config):
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        config.write(harness.simple_config([1], address=f'127.0.0.1:{taken.getsockname()[1]}'))
        config.flush()
        os.write(writer, b'x' * PAGE)
        with harness.Server([harness.RINGWAY, '--config', config.name], stderr=writer) as server:
            tap.equal(server.wait(), 1, 'exit code')


if __name__ == '__main__':
    sys.exit(tap.main())
