#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The life of a connection that asks for files: how long it may rest, stall and crawl, what it may
turn into, how it ends with the gateway, and what it gets where a limit is reached."""
import contextlib
import os
import random
import shutil
import signal
import socket
import sys
import time

import backends
import harness
import static_site as static
import tap
import wire
from static_site import content

BIG = content(1_000_003) * 32
FILES = {'small.txt': b'small', 'big.bin': BIG, 'middle.bin': content(200_000)}
KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
# What a slow machine may add to a time.
SLACK = 4


@contextlib.contextmanager
def site(limits=None, **options):
    """A gateway with files at all paths but /echo, which is an echo service's."""
    with backends.Echo() as echo, static.folder() as root:
        for path, data in FILES.items():
            static.write(root / path, data)
        routes = [{'path': '/*', 'root': root},
                  {'path': '/echo', 'mode': 'tcp', 'backend': 'echo'}]
        text = static.config(routes, backends={'echo': echo.port}, limits=limits)
        with static.served(text, len(FILES), **options) as gateway:
            yield gateway


@contextlib.contextmanager
def stalled(gateway):
    """A client whose download the gateway waits for."""
    with static.Browser(gateway.address, receive_buffer=4096) as browser:
        browser.send(static.request('/big.bin'))
        browser.head()
        harness.steady(lambda: gateway.state()['client_bytes_out'], 'the client to stall')
        yield browser


def read_on(browser):
    """To the end, whichever way that comes; the bytes of the body."""
    with contextlib.suppress(ConnectionError):
        while browser.receive():
            pass
    return bytes(browser.buffer)


def idle_download(limits):
    with site(limits) as gateway, static.Browser(gateway.address, receive_buffer=4096) as browser:
        begin = time.monotonic()
        browser.send(static.request('/big.bin'))
        browser.head()
        gateway.expect_end(seconds=SLACK, side='gateway', reason='idle')
        tap.check(time.monotonic() - begin >= 0.6, 'it came early')
        tap.check(len(read_on(browser)) < len(BIG), 'all of it came')
        tap.equal(gateway.state()['idle_timeouts'], 1, 'idle timeouts')


tap.case('a client that takes nothing for idle_timeout loses its download',
         {'idle_timeout': '600ms', 'handshake_timeout': '300ms'})(idle_download)
tap.case('the same where handshake_timeout is longer',
         {'idle_timeout': '600ms', 'handshake_timeout': '10s'})(idle_download)


@tap.case('a client that takes a little all the time keeps its download beyond idle_timeout')
def crawls():
    limits = {'idle_timeout': '500ms', 'handshake_timeout': '300ms'}
    with site(limits) as gateway, static.Browser(gateway.address, receive_buffer=4096) as browser:
        browser.send(static.request('/big.bin', ['Connection: close']))
        browser.head()
        got, begin = bytearray(browser.buffer), time.monotonic()
        browser.buffer.clear()
        while time.monotonic() - begin < 2:
            # Enough for its window to open each time: what reaches the gateway is room.
            for _ in range(40):
                got += browser.socket.recv(8192)
            time.sleep(0.02)
        tap.equal(gateway.ends(), [], 'ends')
        tap.check(got + read_on(browser) == BIG, 'the body differs')


@tap.case('a connection that rests is closed without a word after handshake_timeout')
def rests():
    with site({'handshake_timeout': '500ms'}) as gateway:
        with static.Browser(gateway.address) as browser:
            for _ in range(6):
                time.sleep(0.1)  # each request begins the time anew
                tap.equal(browser.ask('/small.txt').status, 200, 'status')
            browser.expect_fin()
        with static.Browser(gateway.address) as browser:
            browser.ask('/small.txt')
            browser.send(b'GET /small.txt HTTP/1.1\r\n')
            tap.equal(browser.answer().status, 408, 'status of half a request')
            browser.expect_fin()


@tap.case('after files a connection may become a WebSocket')
def becomes_websocket():
    with site() as gateway:
        with wire.Client(gateway.address) as client:
            for path in ('/small.txt', '/nothing', '/middle.bin'):
                client.send(static.request(path, method='HEAD'))
                while b'\r\n\r\n' not in client.buffer:
                    client.receive()
                client.buffer.clear()
            client.handshake('/echo')
            client.send(wire.frame(wire.BINARY, b'hello'))
            tap.equal(client.data(5), b'hello', 'the echo')
            client.close_in_order()
        with static.Browser(gateway.address) as browser:
            browser.send(static.request('/middle.bin') * 3 + wire.request('/echo', key=KEY) +
                         wire.frame(wire.BINARY, b'hello'))
            for _ in range(3):
                tap.check(browser.answer().body == FILES['middle.bin'], 'a file differs')
            browser.expect_101(KEY)
            tap.equal(browser.data(5), b'hello', 'the echo of what came with the handshake')
            browser.close_in_order()


@tap.case('what a static route does not speak: other upgrades are ignored, HTTP/2.0 refused')
def other_protocols():
    with site() as gateway:
        with static.Browser(gateway.address) as browser:
            got = browser.ask('/small.txt', ['Upgrade: h2c', 'Connection: Upgrade'])
            tap.equal((got.status, got.body), (200, b'small'), 'the answer to another upgrade')
            tap.equal(browser.ask('/small.txt', ['Expect: 100-continue']).status, 200, 'status')
            tap.equal(browser.ask('/echo').status, 426, 'status of a file from a tcp route')
            browser.expect_fin()
        tap.equal(static.ask(gateway, '/small.txt', version='HTTP/2.0').status, 505, 'status')


@tap.case('HTTP/1.0: files and 404s, and the end behind them unless the client asks to stay')
def old_clients():
    old = {'version': 'HTTP/1.0', 'host': None}
    with site() as gateway:
        for path, status in (('/small.txt', 200), ('/middle.bin', 200), ('/nothing', 404)):
            with static.Browser(gateway.address) as browser:
                for _ in range(2):
                    got = browser.ask(path, ['Connection: Keep-Alive'], **old)
                    tap.equal((got.status, got.fields.get('connection')), (status, 'keep-alive'))
                got = browser.ask(path, **old)
                tap.equal((got.status, got.fields.get('connection')), (status, 'close'))
                browser.expect_fin()


@tap.case('SIGTERM: who rests is closed, a download that moves comes whole, and the exit is 0')
def drains():
    with site({'drain_timeout': '20s'}) as gateway, contextlib.ExitStack() as stack:
        resting = stack.enter_context(static.Browser(gateway.address))
        resting.ask('/small.txt')
        downloads = [stack.enter_context(stalled(gateway)) for _ in range(3)]
        gateway.signal(signal.SIGTERM)
        resting.expect_fin()
        for browser in downloads:
            tap.check(browser.take(len(BIG)) == BIG, 'a download differs')
            browser.expect_fin()
            browser.close()
        resting.close()
        tap.equal(gateway.wait(), 0, 'exit code')


@tap.case('SIGTERM: a download that stalls is cut after drain_timeout')
def drain_cuts():
    with site({'drain_timeout': '500ms'}) as gateway, stalled(gateway) as browser:
        begin = time.monotonic()
        gateway.signal(signal.SIGTERM)
        tap.equal(gateway.wait(), 0, 'exit code')
        tap.check(0.4 < time.monotonic() - begin < SLACK, 'the time until the exit')
        tap.check(len(read_on(browser)) < len(BIG), 'all of it came')


@tap.case('few buffers: a hundred clients that pipeline and do not read; then all is well again')
def few_buffers():
    limits = {'small_buffers': 64, 'bulk_buffers': 16, 'chunks': 64, 'cells': 512,
              'sessions_per_worker': 256}
    with site(limits) as gateway:
        requests = b''.join(static.request(path, lines) for path, lines in [
            ('/small.txt', ()), ('/middle.bin', ['Range: bytes=1-9,20-199990']), ('/none', ()),
            ('/middle.bin', ()), ('/small.txt', ['If-None-Match: *'])] * 40)
        with contextlib.ExitStack() as stack:
            for _ in range(100):
                browser = stack.enter_context(static.Browser(gateway.address, receive_buffer=4096))
                browser.socket.setblocking(False)
                with contextlib.suppress(ConnectionError, BlockingIOError):
                    browser.socket.send(requests)
            harness.steady(lambda: gateway.state()['client_bytes_out'], 'the clients to stall')
            print(f'# pool_exhausted {gateway.state()["pool_exhausted"]}', flush=True)
        gateway.expect_idle()
        for _ in range(50):
            with static.Browser(gateway.address) as browser:
                tap.check(browser.ask('/middle.bin').body == FILES['middle.bin'], 'it differs')
                tap.equal(browser.ask('/small.txt').body, b'small', 'a small file')


@tap.case('few files are remembered: 300 come and go, large and small, and stay right')
def few_remembered():
    sizes = [random.choice((0, 10, 4000, 60_000, 70_000, 150_000)) for _ in range(300)]
    files = {f'{number}.bin': content(size, number) for number, size in enumerate(sizes)}
    limits = {'cached_files': 64, 'open_files': 3, 'file_cache_max': '256KiB'}
    with static.site(files, limits=limits) as (gateway, _), \
            static.Browser(gateway.address) as browser:
        gateway.remembered = 64
        for turn in range(1500):
            number = random.randrange(300 if turn % 2 else 40)
            got = browser.ask(f'/{number}.bin')
            tap.check(got.body == files[f'{number}.bin'], f'{number}.bin differs')
            if turn % 3 == 0:
                tap.equal(browser.ask(f'/missing-{turn}').status, 404, 'status of a missing one')
        state = gateway.state()
        tap.check(state['files_evicted'] > 0, 'nothing was forgotten')
        browser.close()
        gateway.expect_idle()
        tap.check(gateway.descriptor_count() <= gateway.descriptors + 3,
                  f'{gateway.descriptor_count()} descriptors')


@tap.case('few descriptors: a download, a 503 or no connection yet; then all is well again')
def few_descriptors():
    if not shutil.which('prlimit'):
        raise tap.Skip('prlimit is not installed')
    with static.folder() as root:
        for number in range(200):
            static.write(root / f'{number}.bin', b'')
            os.truncate(root / f'{number}.bin', 8_000_000)
        text = static.config([{'path': '/*', 'root': root}], limits={'open_files': 16})
        with static.served(text, 16, prefix=['prlimit', '--nofile=128']) as gateway:
            statuses = []
            with contextlib.ExitStack() as stack:
                for number in range(100):
                    browser = stack.enter_context(
                        static.Browser(gateway.address, receive_buffer=4096))
                    browser.socket.settimeout(0.3)
                    browser.send(static.request(f'/{number}.bin'))
                    # Nothing: who has no descriptor for a connection lets it wait to be accepted.
                    with contextlib.suppress(socket.timeout, AssertionError):
                        status, fields = browser.head()
                        statuses.append(status)
                        if status != 200:
                            tap.equal((status, fields['retry-after']), (503, '1'), 'a refusal')
                    if len(statuses) <= number:
                        break
            print(f'# {statuses.count(200)} downloads at once, {statuses.count(503)} x 503, then '
                  f'{"accept waited" if len(statuses) < 100 else "no more"}', flush=True)
            tap.check(statuses.count(200) >= 10, f'answers: {statuses}')
            gateway.expect_idle()
            for number in range(100, 200):
                got = static.ask(gateway, f'/{number}.bin', ['Range: bytes=-9'])
                tap.equal(got.status, 206, f'status of file {number}')


if __name__ == '__main__':
    sys.exit(tap.main())
