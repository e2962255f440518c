#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files that change: under a download, which then either has the old content whole or ends before
its Content-Length; and between requests, where the new content comes about a second later and no
answer is a mix of two."""
import hashlib
import os
import sys
import threading
import time

import harness
import static_site as static
import tap
from passing import InThread
from static_site import content

# More than the sockets of a slow client take, so that the gateway has to stop in the middle.
BIG = 32 << 20
READ_FIRST = 100_000
# What a look at a file is taken for true for, and what a slow machine adds.
SECONDS_UNTIL_SEEN = 1
SLACK = 4
OLD, NEW = 1, 2


def big(seed=OLD):
    return content(1_000_003, seed) * (BIG // 1_000_003)


class SlowDownload:
    """A download that has begun, and that the gateway waits for."""

    def __init__(self, gateway, lines=(), path='/big.bin'):
        self.browser = static.Browser(gateway.address, receive_buffer=4096)
        self.browser.send(static.request(path, lines))
        self.status, self.fields = self.browser.head()
        self.size = int(self.fields['content-length'])
        self.body = bytearray(self.browser.take(READ_FIRST))
        sent = harness.steady(lambda: gateway.state()['client_bytes_out'], 'the client to stall')
        tap.check(READ_FIRST < sent < self.size, f'{sent} of {self.size} bytes were sent')

    def rest(self):
        """Reads on to Content-Length, or to the end before it; how that looks does not matter."""
        self.body += self.browser.buffer
        self.browser.buffer.clear()
        while len(self.body) < self.size:
            try:
                piece = self.browser.socket.recv(min(1 << 20, self.size - len(self.body)))
            except ConnectionError:
                break
            if not piece:
                break
            self.body += piece
        return bytes(self.body)

    def close(self):
        self.browser.close()


def overwrite(path, data, at=0):
    with open(path, 'r+b') as file:
        file.seek(at)
        file.write(data)


def append(path):
    with open(path, 'ab') as file:
        file.write(b'more')


def shrink_and_grow(path):
    """To another content of the same size."""
    os.truncate(path, 0)
    os.truncate(path, len(big()))


def replaced_in_place(path):
    """As an editor does that keeps the file: truncate, then write anew."""
    path.write_bytes(big(NEW))


# What is done to the file, and whether what came before the end is the old content (what is in
# sockets is the file's own pages, so an overwrite shows there).
CHANGES = [
    ('truncated to nothing', lambda path: os.truncate(path, 0), False),
    ('truncated behind what was sent', lambda path: os.truncate(path, len(big()) - 1), True),
    ('truncated and grown again', shrink_and_grow, False),
    ('overwritten at its end', lambda path: overwrite(path, b'x', len(big()) - 1), True),
    ('overwritten at its beginning', lambda path: overwrite(path, b'xxxx'), True),
    ('overwritten with other bytes', lambda path: overwrite(path, big(NEW)), False),
    ('written anew in place', replaced_in_place, False),
    ('appended to', append, True),
    ('touched', lambda path: os.utime(path), True),
    ('given back its old time', lambda path: os.utime(path, (static.MODIFIED + 0.5,) * 2), True),
    ('changed in mode', lambda path: path.chmod(0o600), True),
    # The kernel says of it what it says of a change, and no more: the time of change is another.
    ('given another name', lambda path: path.rename(path.with_name('other.bin')), True),
]


def changed(change, is_prefix, lines, limits=None):
    """The connection ends before Content-Length is reached, and the log says why."""
    with static.site({'big.bin': big()}, limits=limits) as (gateway, root):
        download = SlowDownload(gateway, lines)
        change(root / 'big.bin')
        got = download.rest()
        tap.check(len(got) < download.size, f'{len(got)} bytes passed for the whole')
        if is_prefix and not lines:
            tap.check(got == big()[:len(got)], 'the bytes before the end are not the old ones')
        gateway.expect_end(side='gateway', reason='file-changed', code=download.status)
        download.close()
        state = gateway.expect_idle()
        tap.equal((state['files_changed'], state['files_unreadable']), (1, 0), 'downloads cut')


for what, way, keeps_old in CHANGES:
    tap.case(f'under a download the file is {what}: it ends early', way, keeps_old, ())(changed)
tap.case('so does one of a range', CHANGES[8][1], True, ['Range: bytes=5-'])(changed)
tap.case('so does one of several ranges', CHANGES[8][1], True,
         [f'Range: bytes=0-9,20-{BIG - (2 << 20)},30-39'])(changed)


def replace_big(path):
    static.replace(path, big(NEW))


def link(path):
    """Another name for the file is no change of it."""
    os.link(path, path.with_name('other.bin'))


def finished(change, open_files):
    """The old content arrives whole, though its name is another file's, or gone."""
    with static.site({'big.bin': big()}, limits={'open_files': open_files}) as (gateway, root):
        gateway.remembered = 2 if open_files else 0
        downloads = [SlowDownload(gateway) for _ in range(3)]
        change(root / 'big.bin')
        for call in [InThread(download.rest) for download in downloads]:
            tap.check(call.result(30) == big(), 'the old content did not come whole')
        for download in downloads:
            download.close()
            tap.equal(gateway.next_end()['reason'], 'answered', 'the end of the session')
        tap.equal(gateway.expect_idle()['files_changed'], 0, 'downloads cut')


for what, way in [('replaced by rename', replace_big), ('removed', os.unlink),
                  ('given one more name', link)]:
    for kept in (256, 0):
        tap.case(f'under a download the file is {what}: the old content comes whole, '
                 f'open_files = {kept}', way, kept)(finished)


def wait_until(browser, path, wanted, known):
    """Asks until the answer is `wanted` (None: 404); every answer has to be one of `known`.
    Returns the seconds that took."""
    begin = time.monotonic()

    def seen():
        got = browser.ask(path)
        body = None if got.status == 404 else got.body
        tap.check(body in known, f'{path}: neither old nor new: {got.status} {tap.shown(body)}')
        return body == wanted
    harness.wait_for(seen, f'{path} to be served anew', SECONDS_UNTIL_SEEN + SLACK)
    return time.monotonic() - begin


def write_whole(path, data):
    """In place and in one call, so that no other content ever was."""
    with open(path, 'r+b', buffering=0) as file:
        file.write(data)
        os.truncate(path, len(data))


SMALL, MIDDLE = content(60_000), content(200_000)
# (how, contents one after the other; None: no file)
TURNS = [
    ('replaced by rename', static.replace, [content(60_000, seed) for seed in range(4)]),
    ('written in place', write_whole, [content(60_000, seed) for seed in range(4)]),
    ('grown beyond what is kept in memory, and shrunk', static.replace,
     [SMALL, MIDDLE, SMALL[1:], MIDDLE[1:]]),
    ('removed and made again', static.replace, [SMALL, None, SMALL[1:], None, b'', b'x']),
    ('large, replaced', static.replace, [content(200_000, seed) for seed in range(3)]),
]


def seen_soon(way, contents, workers, limits):
    options = {'workers': workers, 'limits': limits}
    took = []
    with static.site({'f.bin': contents[0]}, **options) as (gateway, root), \
            static.Browser(gateway.address) as one, static.Browser(gateway.address) as two:
        browsers = [one, two]
        for browser in browsers:
            tap.equal(browser.ask('/f.bin').body, contents[0], 'the first content')
        for old, new in zip(contents, contents[1:]):
            if new is None:
                (root / 'f.bin').unlink()
            else:
                way(root / 'f.bin', new)
            took += [wait_until(browser, '/f.bin', new, (old, new)) for browser in browsers]
        print(f'# seen after at most {max(took):.2f} s', flush=True)
        # What was replaced is closed when its name has been looked at again.
        harness.wait_for(lambda: not deleted(gateway, root), 'deleted files to be closed')


def deleted(gateway, root):
    """Descriptors of files below `root` that no name leads to."""
    folder = f'/proc/{gateway.pid}/fd'
    found = []
    for descriptor in os.listdir(folder):
        try:
            what = os.readlink(f'{folder}/{descriptor}')
        except FileNotFoundError:
            continue
        if what.startswith(str(root)) and what.endswith(' (deleted)'):
            found.append(what)
    return found


for what, way, versions in TURNS:
    tap.case(f'between requests a file is {what}: seen about a second later, two workers',
             way, versions, 2, None)(seen_soon)
tap.case('the same of a file that is not kept in memory',
         TURNS[0][1], TURNS[0][2][:3], 1, {'small_file_max': '0B'})(seen_soon)


@tap.case('a file replaced by one of the same size and time is another one for every condition')
def same_size_and_time():
    with static.site({'f.txt': b'first!'}) as (gateway, root), \
            static.Browser(gateway.address) as browser:
        old = browser.ask('/f.txt').fields
        harness.wait_for(lambda: static.http_date(time.time()) != old['last-modified'],
                         'the second of the first file to be over')
        static.write(root / 'beside', b'second')
        before = (root / 'f.txt').stat()
        (root / 'beside').rename(root / 'f.txt')
        after = (root / 'f.txt').stat()
        tap.equal((after.st_size, after.st_mtime_ns), (before.st_size, before.st_mtime_ns))
        wait_until(browser, '/f.txt', b'second', (b'first!', b'second'))
        for line in (f'If-None-Match: {old["etag"]}', f'If-Modified-Since: {old["last-modified"]}'):
            got = browser.ask('/f.txt', [line])
            tap.equal((got.status, got.body), (200, b'second'), line)
        for validator in ('etag', 'last-modified'):
            got = browser.ask('/f.txt', [f'If-Range: {old[validator]}', 'Range: bytes=0-1'])
            tap.equal((got.status, got.body), (200, b'second'), f'If-Range with the {validator}')
        tap.check(old['etag'] != got.fields['etag'], 'the tag is the same')


def never_a_mix(limits, sizes):
    """Somebody replaces the file all the time: each answer is one content, and its tag's own."""
    versions = [bytes([65 + number]) * size for number, size in enumerate(sizes)]
    stop = threading.Event()
    with static.site({'f.bin': versions[0]}, workers=2, limits=limits) as (gateway, root):
        def change():
            number = 0
            while not stop.is_set():
                number += 1
                static.replace(root / 'f.bin', versions[number % len(versions)])
                time.sleep(0.002)
            return number

        def ask_on():
            seen, until = {}, time.monotonic() + 3
            with static.Browser(gateway.address) as browser:
                while time.monotonic() < until:
                    got = browser.ask('/f.bin')
                    tap.check(got.body in versions, f'a mix: {tap.shown(got.body)}')
                    digest = hashlib.sha256(got.body).digest()
                    tap.equal(seen.setdefault(got.fields['etag'], digest), digest, 'its tag')
            return len(seen)
        changing = InThread(change)
        asking = [InThread(ask_on) for _ in range(4)]
        try:
            counts = [call.result(20) for call in asking]
        finally:
            stop.set()
        print(f'# {changing.result()} versions, seen {counts}', flush=True)
        tap.check(min(counts) > 1, 'no change was seen')
        harness.wait_for(lambda: static.ask(gateway, '/f.bin') and not deleted(gateway, root),
                         'deleted files to be closed')


tap.case('a small file is replaced every few milliseconds: no answer is a mix', None,
         [50_000 + 7 * step for step in range(9)])(never_a_mix)
tap.case('the same where nothing is kept in memory or open', {'small_file_max': '0B',
                                                              'open_files': 0},
         [150_000 + 7 * step for step in range(9)])(never_a_mix)


@tap.case('a folder becomes a file and a file a folder')
def other_kinds():
    with static.site({'f/index.html': b'index', 'g': b'g'}) as (gateway, root), \
            static.Browser(gateway.address) as browser:
        gateway.remembered = 4
        tap.equal([browser.ask(path).status for path in ('/f', '/f/', '/g')], [301, 200, 200])
        (root / 'f/index.html').unlink()
        (root / 'f').rmdir()
        (root / 'f').write_bytes(b'a file')
        (root / 'g').unlink()
        (root / 'g').mkdir()
        (root / 'g/index.html').write_bytes(b'below g')

        def seen():
            return ([browser.ask(path).status for path in ('/f', '/f/', '/g', '/g/')] ==
                    [200, 404, 301, 200])
        harness.wait_for(seen, 'both to be seen', SECONDS_UNTIL_SEEN + SLACK)


@tap.case('a link that is turned to another folder at one blow')
def link_turned():
    files = {f'release-{number}/{name}': b'%d' % number
             for number in (1, 2) for name in ('a.txt', 'b.txt')}
    with static.site(files) as (gateway, root), static.Browser(gateway.address) as browser:
        (root / 'current').symlink_to('release-1')
        tap.equal(browser.ask('/current/a.txt').body, b'1', 'the first content')
        (root / 'next').symlink_to('release-2')
        (root / 'next').rename(root / 'current')
        wait_until(browser, '/current/a.txt', b'2', (b'1', b'2'))
        tap.equal(browser.ask('/current/b.txt').body, b'2', 'a file that was not asked for before')


@tap.case('counters tell what was opened, found in memory, kept and missing')
def counters():
    files = {'small.bin': content(1000), 'large.bin': content(100_000)}
    with static.site(files) as (gateway, _), static.Browser(gateway.address) as browser:
        begin = time.monotonic()
        for _ in range(10):
            for path in ('/small.bin', '/large.bin', '/missing'):
                browser.ask(path)
        browser.ask('/small.bin', method='DELETE')
        state = gateway.state()
        wanted = {'file_requests': 31, 'files_missing': 10, 'files_refused': 1,
                  'bytes_sendfile': 10 * 100_000, 'bytes_read_cold': 0, 'files_changed': 0}
        tap.equal({name: state[name] for name in wanted}, wanted, 'counters')
        if time.monotonic() - begin < SECONDS_UNTIL_SEEN / 2:
            wanted = {'files_opened': 2, 'files_found': 27, 'files_kept': 1}
            tap.equal({name: state[name] for name in wanted}, wanted, 'counters')


if __name__ == '__main__':
    sys.exit(tap.main())
