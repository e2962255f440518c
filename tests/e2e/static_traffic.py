#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files under traffic: pipelines, slow and impatient clients, hundreds of connections, files of
gigabytes, and the load generators that others wrote. Everything that arrives is compared byte for
byte.

The seed is printed; RINGWAY_E2E_SEED gives it back."""
import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import socket
import sys

import harness
import npm
import static_site as static
import tap
from passing import InThread
from static_site import content

# Around what decides how an answer leaves: its head's buffer, a copy behind it, memory, a piece.
SIZES = [0, 1, 200, 4000, 4096, 4097, 16_384, 65_535, 65_536, 65_537, 262_144, 300_001]
FILES = {f'{size}.bin': content(size) for size in SIZES}
GIB = 1 << 30


def conversation(count):
    """[(request, method, status, body)] of mixed sizes and kinds, in random order."""
    rows = []
    for _ in range(count):
        size = random.choice(SIZES)
        path, whole = f'/{size}.bin', FILES[f'{size}.bin']
        kind = random.randrange(8)
        if kind == 0:
            rows.append((static.request(path, method='HEAD'), 'HEAD', 200, b''))
        elif kind == 1:
            rows.append((static.request('/missing'), 'GET', 404, b'there is no such file\n'))
        elif kind == 2:
            rows.append((static.request(path, ['If-None-Match: *']), 'GET', 304, b''))
        elif kind == 3 and size:
            first = random.randrange(size)
            last = random.randrange(first, size)
            rows.append((static.request(path, [f'Range: bytes={first}-{last}']), 'GET', 206,
                         whole[first:last + 1]))
        elif kind == 4 and size > 100:
            rows.append((static.request(path, ['Range: bytes=0-9,-20']), 'GET', 206, None))
        else:
            rows.append((static.request(path), 'GET', 200, whole))
    return rows


def expect_answers(browser, rows):
    for number, (_, method, status, body) in enumerate(rows):
        got = browser.answer(method)
        tap.equal(got.status, status, f'status of answer {number}')
        if body is None:
            tap.equal([len(data) for _, _, data in static.parts(got)], [10, 20], 'parts')
        else:
            tap.check(got.body == body, f'answer {number} of {len(body)} bytes differs')


def pipeline(send):
    print(f'# RINGWAY_E2E_SEED={tap.seed}', flush=True)
    rows = conversation(600)
    with static.site(FILES) as (gateway, _), static.Browser(gateway.address) as browser:
        sending = InThread(lambda: send(browser, b''.join(row[0] for row in rows)))
        expect_answers(browser, rows)
        sending.result()
        browser.expect_silence()
        tap.equal(gateway.state()['file_requests'], len(rows), 'requests')


def in_pieces(browser, data):
    while data:
        cut = random.choice((1, 2, 10, 47, 100, 1000, 5000))
        browser.send(data[:cut])
        data = data[cut:]


tap.case('600 requests in one write are answered in order', static.Browser.send)(pipeline)
tap.case('600 requests in a stream that is cut anywhere', in_pieces)(pipeline)


@tap.case('keep-alive: 600 requests one after the other, two connections, two workers')
def keep_alive():
    rows = conversation(600)
    with static.site(FILES, workers=2) as (gateway, _), \
            static.Browser(gateway.address) as one, static.Browser(gateway.address) as two:
        for number, row in enumerate(rows):
            browser = (one, two)[number % 2]
            browser.send(row[0])
            expect_answers(browser, [row])


@tap.case('the last request says close: all answers, then the end; nothing behind it counts')
def connection_close():
    rows = conversation(50)
    with static.site(FILES) as (gateway, _):
        for path in ('/200.bin', '/300001.bin', '/missing', '/0.bin'):
            with static.Browser(gateway.address) as browser:
                last = static.request(path, ['Connection: close'])
                sending = InThread(lambda: browser.send(b''.join(row[0] for row in rows) + last +
                                                        static.request('/1.bin')))
                expect_answers(browser, rows)
                got = browser.answer()
                tap.equal(got.fields['connection'], 'close', f'Connection of {path}')
                tap.check(got.body == FILES.get(path[1:], got.body), f'{path} differs')
                browser.expect_fin()
                with contextlib.suppress(ConnectionError):
                    sending.result()


@tap.case('a bad request behind good ones: all answers, a 400, and the end')
def bad_request():
    rows = conversation(100)
    with static.site(FILES) as (gateway, _), static.Browser(gateway.address) as browser:
        sending = InThread(lambda: browser.send(b''.join(row[0] for row in rows) +
                                                b'GET /200.bin HTTP/1.1\r\n\r\n' +
                                                static.request('/200.bin')))
        expect_answers(browser, rows)
        tap.equal(browser.answer().status, 400, 'status without Host')
        browser.expect_fin()
        with contextlib.suppress(ConnectionError):
            sending.result()


@tap.case('a client that sends its FIN behind its requests gets every answer')
def half_closed():
    with static.site(FILES) as (gateway, _):
        for count in (0, 1, 60):
            for path in ('/200.bin', '/300001.bin'):
                rows = conversation(count)
                with static.Browser(gateway.address) as browser:
                    browser.send(b''.join(row[0] for row in rows) + static.request(path))
                    browser.socket.shutdown(socket.SHUT_WR)
                    expect_answers(browser, rows)
                    tap.check(browser.answer().body == FILES[path[1:]], f'{path} differs')
                    browser.expect_fin()
        # Half a request is none.
        with static.Browser(gateway.address) as browser:
            browser.send(static.request('/200.bin') + static.request('/200.bin')[:-2])
            browser.socket.shutdown(socket.SHUT_WR)
            tap.check(browser.answer().body == FILES['200.bin'], 'the whole request')
            browser.expect_fin()


@tap.case('clients that leave half-way, in order or not: nothing is left of them')
def half_way():
    rows = conversation(100)
    requests = b''.join(row[0] for row in rows) + static.request('/big.bin') * 3
    limits = {'open_files': 0, 'small_file_max': '0B'}
    with static.site({**FILES, 'big.bin': content(4 << 20)}, limits=limits) as (gateway, _):
        # Nothing is remembered but the empty file, of which there is nothing to keep open: each
        # descriptor is of a request under way.
        gateway.remembered = 1
        for number in range(60):
            browser = static.Browser(gateway.address, receive_buffer=4096)
            browser.send(requests[:random.randrange(1, len(requests))])
            with contextlib.suppress(AssertionError, socket.timeout):
                for _ in range(random.randrange(20)):
                    browser.socket.settimeout(0.05)
                    browser.socket.recv(random.choice((1, 1000, 50_000)))
            (browser.reset if number % 2 else browser.close)()
        state = gateway.expect_idle()
        tap.equal(gateway.descriptor_count(), gateway.descriptors, 'descriptors')
        tap.check(state['file_requests'] > 60, f'requests: {state["file_requests"]}')
        tap.equal(state['files_changed'] + state['files_unreadable'], 0, 'broken downloads')
        tap.equal(static.ask(gateway, '/200.bin').body, FILES['200.bin'], 'a file after it all')


@tap.case('slow readers with small buffers get all; others are served meanwhile')
def slow_readers():
    big = content(1 << 20)
    with static.site({**FILES, 'big.bin': big}) as (gateway, _), contextlib.ExitStack() as stack:
        slow = [stack.enter_context(static.Browser(gateway.address, receive_buffer=4096))
                for _ in range(20)]
        got = [bytearray() for _ in slow]
        for number, browser in enumerate(slow):
            path = ('/big.bin', '/65536.bin', '/300001.bin')[number % 3]
            browser.send(static.request(path, ['Connection: close']))
        for _ in range(30):
            for browser, data in zip(slow, got):
                data += browser.socket.recv(random.randrange(1, 3000))
            rows = conversation(4)
            with static.Browser(gateway.address) as quick:
                quick.send(b''.join(row[0] for row in rows))
                expect_answers(quick, rows)
        for number, (browser, data) in enumerate(zip(slow, got)):
            while piece := browser.socket.recv(1 << 16):
                data += piece
            wanted = (big, FILES['65536.bin'], FILES['300001.bin'])[number % 3]
            tap.check(data.partition(b'\r\n\r\n')[2] == wanted, f'slow reader {number}')


@tap.case('300 connections at once, each with small and large files')
def many_connections():
    with static.site(FILES, workers=2) as (gateway, _), contextlib.ExitStack() as stack:
        browsers = [stack.enter_context(static.Browser(gateway.address)) for _ in range(300)]
        for _ in range(3):
            talks = [(browser, conversation(3)) for browser in browsers]
            for browser, rows in talks:
                browser.send(b''.join(row[0] for row in rows))
            for browser, rows in talks:
                expect_answers(browser, rows)
        tap.equal(gateway.state()['sessions'], 300, 'sessions')


def download(gateway, path, take, lines=()):
    """Streams a body into `take`; returns its bytes."""
    with static.Browser(gateway.address) as browser:
        browser.send(static.request(path, lines))
        status, fields = browser.head()
        tap.equal(status, 206 if lines else 200, 'status')
        left = size = int(fields['content-length'])
        while left:
            piece = bytes(browser.buffer) or browser.socket.recv(min(left, 1 << 20))
            browser.buffer.clear()
            tap.check(piece, f'the end came {left} bytes early')
            take(piece)
            left -= len(piece)
        return size


@tap.case('20 downloads of 50 MB at once arrive whole, one worker', 1)
@tap.case('20 downloads of 50 MB at once arrive whole, two workers', 2)
def parallel(workers):
    data = content(1_000_003) * 50
    wanted = hashlib.sha256(data).hexdigest()
    with static.site({'big.bin': data}, workers=workers) as (gateway, _):
        def fetch():
            digest = hashlib.sha256()
            download(gateway, '/big.bin', digest.update)
            return digest.hexdigest()
        for call in [InThread(fetch) for _ in range(20)]:
            tap.equal(call.result(50), wanted, 'checksum')


def islands(path, size):
    """A sparse file with data at odd places; [(offset, bytes)]."""
    placed = []
    path.touch()
    os.truncate(path, size)
    with open(path, 'r+b') as file:
        for place in (0, 4095, 65_537, (1 << 20) - 1, (3 << 18) + 11, GIB // 2 - 3, GIB // 3,
                      size // 2 + 1, size - GIB // 4 - 9, size - 200_001):
            data = random.randbytes(random.choice((1, 100, 5000, 200_001)))[:size - place]
            file.seek(place)
            file.write(data)
            placed.append((place, len(data)))
    return placed


def ranges_of(placed, size):
    """Around the data, across it, and anywhere."""
    chosen = [(0, 0), (size - 1, size - 1), (size - (32 << 20), size - 1)]
    for place, length in placed:
        first = max(place - random.randrange(10_000), 0)
        chosen.append((first, min(place + length + random.randrange(10_000), size - 1)))
        chosen.append((place, place + length - 1))
    for _ in range(20):
        first = random.randrange(size)
        chosen.append((first, min(first + random.randrange(2 << 20), size - 1)))
    return chosen


@tap.case('ranges of a sparse file of 1 GiB', GIB)
@tap.case('ranges of a sparse file of 6 GiB, beyond 32 bits', 6 * GIB)
def sparse_ranges(size):
    print(f'# RINGWAY_E2E_SEED={tap.seed}', flush=True)
    with static.folder() as root:
        placed = islands(root / 'sparse.bin', size)
        text = static.config([{'path': '/*', 'root': root}])
        with open(root / 'sparse.bin', 'rb') as file, static.served(text, 1) as gateway, \
                static.Browser(gateway.address) as browser:
            def slice_of(first, last):
                return os.pread(file.fileno(), last - first + 1, first)
            chosen = ranges_of(placed, size)
            for first, last in chosen:
                got = browser.ask('/sparse.bin', [f'Range: bytes={first}-{last}'])
                tap.equal((got.status, got.fields['content-range']),
                          (206, f'bytes {first}-{last}/{size}'), 'the answer')
                tap.check(got.body == slice_of(first, last), f'bytes {first} to {last} differ')
            for _ in range(5):
                several = sorted(random.sample(chosen[3:], 4))
                several = [pair for pair, after in zip(several, [*several[1:], (size, 0)])
                           if pair[1] < after[0]]
                asked = ','.join(f'{first}-{last}' for first, last in several)
                got = browser.ask('/sparse.bin', [f'Range: bytes={asked},-1'])
                tap.equal(got.status, 206, 'status of several')
                tap.check([data for _, _, data in static.parts(got)] ==
                          [slice_of(*pair) for pair in [*several, (size - 1, size - 1)]],
                          f'{asked}: parts differ')


@tap.case('all of a sparse file of 1 GiB')
def sparse_whole():
    with static.folder() as root:
        islands(root / 'sparse.bin', GIB)
        text = static.config([{'path': '/*', 'root': root}])
        with open(root / 'sparse.bin', 'rb') as file, static.served(text, 1) as gateway:
            def compare(piece):
                tap.check(file.read(len(piece)) == piece, f'differs before {file.tell()}')
            tap.equal(download(gateway, '/sparse.bin', compare), GIB, 'bytes')


def program(name, *arguments):
    if not shutil.which(name):
        raise tap.Skip(f'{name} is not installed')
    result = harness.run(name, *arguments)
    tap.equal(result.returncode, 0, f'exit code of {name}, which said {result.stderr}')
    return result.stdout


@tap.case('wrk: two seconds each of a small, a middle and a large file without an error')
def with_wrk():
    with static.site(FILES, level='info') as (gateway, _):
        for size in (200, 65_536, 300_001):
            said = program('wrk', '-t1', '-c50', '-d2s',
                           f'http://127.0.0.1:{gateway.port}/{size}.bin')
            tap.check('Socket errors' not in said and 'Non-2xx' not in said, said)
            print(f'# {size} bytes: {re.search(r"Requests/sec: .*", said).group(0)}', flush=True)


@tap.case('curl: 60 files over few connections, 10 at a time, each as it is on the disk')
def with_curl():
    with static.site(FILES) as (gateway, _), static.folder() as scratch:
        arguments = ['-sS', '--noproxy', '*', '--fail', '--parallel', '--parallel-max', '10']
        for number in range(60):
            size = SIZES[number % len(SIZES)]
            arguments += ['-o', f'{scratch}/{number}',
                          f'http://127.0.0.1:{gateway.port}/{size}.bin']
        program('curl', *arguments)
        for number in range(60):
            got = (scratch / str(number)).read_bytes()
            tap.check(got == FILES[f'{SIZES[number % len(SIZES)]}.bin'], f'file {number} differs')


@tap.case('autocannon: two seconds each, with and without a pipeline, without an error')
def with_autocannon():
    why = npm.why_not()
    if why:
        raise tap.Skip(why)
    cannon = npm.FOLDER / 'node_modules/autocannon/autocannon.js'
    with static.site(FILES, level='info') as (gateway, _):
        for size, depth in ((200, 1), (200, 10), (65_537, 4), (300_001, 1)):
            said = program(npm.NODE, cannon, '--json', '-c', '20', '-d', '2', '-p', depth,
                           f'http://127.0.0.1:{gateway.port}/{size}.bin')
            figures = json.loads(said)
            bad = {name: figures[name] for name in ('errors', 'timeouts', 'non2xx', 'mismatches')}
            tap.check(not any(bad.values()), f'{size} bytes: {bad}')
            tap.check(figures['2xx'] > 20, f'{figures["2xx"]} answers')
            print(f'# {size} bytes, {depth} at once: {figures["2xx"]} answers', flush=True)


if __name__ == '__main__':
    sys.exit(tap.main())
