#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A thousand clients that download and hardly read, beside a hundred sessions that want their echo
at once, through one worker. No echo is lost, no download is wrong, and memory does not grow with
the downloads. What the echo waits for is printed; bench/compare/downloads measures it."""
import contextlib
import json
import re
import resource
import sys

import harness
import static_site as static
import tap
from static_site import content

DOWNLOADS = 1000
FILES = 8
FILE_BYTES = 10_000_019
ECHOES = 100
SECONDS = 4
SLOW = harness.ROOT / 'bench/load/slow_downloads.py'
# A chunk for each would be 16 MiB: what a socket has no room for stays in the file.
GROWTH_MAX = 8 << 20


@contextlib.contextmanager
def echo_service():
    """The port of an echo service in a process of its own."""
    with harness.Server([harness.RINGBENCH, 'tcp-echo']) as server:
        yield int(server.wait_log(r'listening on 127\.0\.0\.1:(\d+)').group(1))


@contextlib.contextmanager
def stage(limits=None):
    """(gateway, files): echo at /echo, files at all other paths."""
    if not harness.RINGBENCH.exists():
        raise tap.Skip('ringbench is not built (option bench)')
    with static.folder() as root, echo_service() as port:
        for number in range(FILES):
            static.write(root / f'{number}.bin', content(FILE_BYTES, number))
        routes = [{'path': '/*', 'root': root},
                  {'path': '/echo', 'mode': 'tcp', 'backend': 'echo'}]
        text = static.config(routes, backends={'echo': port}, limits=limits, level='info')
        with static.served(text, FILES) as gateway:
            yield gateway, sorted(root.iterdir())


def echo(gateway):
    """The p99 of the echo sessions, in microseconds; every message has come back as it was."""
    result = harness.run(harness.RINGBENCH, 'load', '--url', gateway.url('/echo'), '--json',
                         '--connections', ECHOES, '--rate', 20, '--seconds', SECONDS,
                         seconds=SECONDS + 20)
    tap.equal(result.returncode, 0, f'exit code of ringbench: {result.stdout}{result.stderr}')
    report = json.loads(result.stdout)
    tap.equal((report['errors'], report['missing'], report['ok']), ({}, 0, True), 'echo')
    return report['latency_us']['p99']


@contextlib.contextmanager
def downloads(gateway, files, count=DOWNLOADS):
    """So many slow downloads are under way, and none of them has an error."""
    slow = harness.Server([sys.executable, SLOW, '--port', gateway.port, '--connections', count,
                           *files])
    with slow:
        slow.wait_log('^open$', 30)
        yield
        slow.signal(harness.signal.SIGTERM)
        code = slow.wait()
        said = json.loads(slow.log().splitlines()[-1])
        tap.equal((code, said['errors']), (0, {}), 'errors of the downloads')
        print(f'# {said["bytes"] >> 20} MiB were read slowly', flush=True)


@tap.case(f'{DOWNLOADS} slow downloads beside {ECHOES} echo sessions: nothing is lost or held up',
          seconds=90)
def beside():
    needed, hard = 2 * DOWNLOADS + 500, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < needed:
        raise tap.Skip(f'{hard} open files are not enough')
    with stage() as (gateway, files):
        alone = echo(gateway)
        before = gateway.resident_bytes()
        with downloads(gateway, files):
            state = gateway.state()
            tap.check(state['sessions'] >= DOWNLOADS, f'{state["sessions"]} sessions')
            together = echo(gateway)
            grown = gateway.resident_bytes() - before
            state = gateway.state()
        print(f'# p99 of the echo: alone {alone:.0f} us, beside {together:.0f} us, ratio '
              f'{together / alone:.2f}', flush=True)
        print(f'# resident: {before >> 10} KiB alone, {grown >> 10} KiB more beside; queued '
              f'{state["queued_bytes"]} bytes, leases {state["leases"]}', flush=True)
        turns = re.findall(r'turns worker=.*', gateway.log())[-1]
        print(f'# {turns}', flush=True)
        tap.check(grown < GROWTH_MAX, f'{grown} bytes more for {DOWNLOADS} downloads')
        tap.equal(state['files_changed'] + state['files_unreadable'], 0, 'broken downloads')
        tap.equal(state['pool_exhausted'], 0, 'empty pools')


if __name__ == '__main__':
    sys.exit(tap.main())
