#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files that are not in memory: their bytes come from the disk by way of the ring, are right, and
no turn of the worker waits for them. How long turns took is printed, for a person to look at: a
test that fails by the clock would fail by other programs too.

What was written is forced to the disk and dropped from memory. A filesystem that keeps everything
there (tmpfs), or does not tell what it keeps, has nothing to show: then a case is skipped."""
import contextlib
import errno
import os
import random
import re
import sys

import harness
import static_site as static
import tap
from passing import InThread
from static_site import content

MIB = 1 << 20
PAGE = 4096


def drop(path):
    """To the disk, and out of memory."""
    with open(path, 'rb') as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def is_resident(path, offset):
    """None: the filesystem does not say."""
    with open(path, 'rb') as file:
        try:
            return os.preadv(file.fileno(), [bytearray(1)], offset, os.RWF_NOWAIT) == 1
        except OSError as error:
            if error.errno == errno.EAGAIN:
                return False
            if error.errno == errno.EOPNOTSUPP:
                return None
            raise


def make_cold(*paths):
    """Skips the case where that cannot be."""
    for path in paths:
        drop(path)
        resident = is_resident(path, path.stat().st_size // 2)
        if resident is None:
            raise tap.Skip(f'the filesystem of {path.parent} does not tell what is in memory')
        if resident:
            raise tap.Skip(f'the filesystem of {path.parent} keeps in memory what it is told to '
                           'drop')


@contextlib.contextmanager
def cold_site(files, **options):
    """(gateway, root); the files are on the disk of the build folder, and only there."""
    with static.folder(harness.SCRATCH / 'cold') as root:
        for path, data in files.items():
            static.write(root / path, data)
        make_cold(*[root / path for path in files])
        text = static.config([{'path': '/*', 'root': root}], **options)
        with static.served(text, len(files)) as gateway:
            yield gateway, root


def show(gateway):
    """Prints how long turns took, and where bytes came from; returns the counters."""
    state = gateway.state()
    turns = re.findall(r'turns worker=.*', gateway.log())[-1]
    print(f'# {turns}', flush=True)
    print(f'# bytes_read_cold {state["bytes_read_cold"]}, bytes_sendfile '
          f'{state["bytes_sendfile"]}', flush=True)
    return state


@tap.case('a file of 64 MiB is read from the disk by way of the ring')
def whole():
    data = content(MIB + 1) * 64
    with cold_site({'cold.bin': data}) as (gateway, _):
        got = static.ask(gateway, '/cold.bin')
        tap.check(got.body == data, 'the bytes differ')
        state = show(gateway)
        tap.check(state['bytes_read_cold'] > 0, 'nothing was read by way of the ring')
        tap.equal(state['bytes_read_cold'] + state['bytes_sendfile'], len(data), 'bytes in all')
        before = state['bytes_read_cold']
        tap.check(static.ask(gateway, '/cold.bin').body == data, 'the bytes differ the second time')
        tap.equal(gateway.state()['bytes_read_cold'], before, 'bytes read cold the second time')


@tap.case('16 cold files of 4 MiB at once, two workers')
def several():
    files = {f'{number}.bin': content(4 * MIB + number, number) for number in range(16)}
    with cold_site(files, workers=2) as (gateway, _):
        calls = {name: InThread(static.ask, gateway, f'/{name}') for name in files}
        for name, call in calls.items():
            tap.check(call.result(30).body == files[name], f'{name} differs')
        tap.check(show(gateway)['bytes_read_cold'] > 0, 'nothing was read by way of the ring')


@tap.case('cold ranges anywhere, alone and several in an answer')
def ranges():
    size = 32 * MIB + 7
    data = content(MIB - 3) * 40
    with cold_site({'cold.bin': data[:size]}) as (gateway, root), \
            static.Browser(gateway.address) as browser:
        for _ in range(40):
            firsts = sorted(random.sample(range(size // MIB), 3))
            spans = [(first * MIB + 5, first * MIB + random.randrange(5, MIB)) for first in firsts]
            for chosen in (spans[:1], spans):
                asked = ','.join(f'{first}-{last}' for first, last in chosen)
                got = browser.ask('/cold.bin', [f'Range: bytes={asked}'])
                bodies = ([part for _, _, part in static.parts(got)] if len(chosen) > 1 else
                          [got.body])
                tap.check(bodies == [data[first:last + 1] for first, last in chosen],
                          f'{asked} differs')
            drop(root / 'cold.bin')
        tap.check(show(gateway)['bytes_read_cold'] > 0, 'nothing was read by way of the ring')


@tap.case('a cold small file is served, and kept in memory from then on')
def small():
    files = {f'{number}.txt': content(3 * PAGE + number, number) for number in range(20)}
    with cold_site(files) as (gateway, _), static.Browser(gateway.address) as browser:
        for _ in range(2):
            for name, data in files.items():
                tap.check(browser.ask(f'/{name}').body == data, f'{name} differs')
        tap.check(show(gateway)['bytes_read_cold'] > 0, 'nothing was read by way of the ring')

        def kept():
            for name, data in files.items():
                tap.check(browser.ask(f'/{name}').body == data, f'{name} differs')
            return gateway.state()['files_kept'] == len(files)
        harness.wait_for(kept, 'the files to be kept in memory')


def changed(way, is_whole):
    data = content(MIB + 1) * 48
    with cold_site({'cold.bin': data}) as (gateway, root), \
            static.Browser(gateway.address, receive_buffer=4096) as browser:
        browser.send(static.request('/cold.bin', ['Connection: close']))
        browser.head()
        harness.steady(lambda: gateway.state()['client_bytes_out'], 'the client to stall')
        way(root / 'cold.bin')
        with contextlib.suppress(ConnectionError):
            while browser.receive():
                pass
        tap.equal(len(browser.buffer) == len(data), is_whole, 'whether all of it came')
        tap.check(browser.buffer == data[:len(browser.buffer)], 'the bytes differ')
        browser.close()
        gateway.expect_end(reason='answered' if is_whole else 'file-changed')
        tap.check(show(gateway)['bytes_read_cold'] > 0, 'nothing was read by way of the ring')


tap.case('a cold file that is replaced under its download comes whole',
         lambda path: static.replace(path, b'new'), True)(changed)
tap.case('a cold file that is touched under its download ends early', os.utime, False)(changed)


if __name__ == '__main__':
    sys.exit(tap.main())
