# SPDX-License-Identifier: Apache-2.0
"""A gateway with one worker on a core of its own, somebody who attacks it, and others beside who
must not notice: sessions on another backend and new clients (see bystanders.py).

    with beside.stage(scale, attacked=backend.port) as stage:
        stage.expect_unharmed(attack)

`attack(stage)` is a context manager: inside it the attack is in force. Each scene is played with
the default pools and with a tenth of them."""
import collections
import contextlib
import json
import os
import pathlib
import re
import resource
import selectors
import subprocess
import sys
import time
import types

import harness
import static_site as static
import tap

HERE = pathlib.Path(__file__).parent
SESSIONS = 20
MIB = 1 << 20
# What an attack may add to the median of those beside it, when it does not send at full rate. Below
# the floor it is this machine's noise.
RATIO_MAX = 5
FLOOR_MS = 5.0
GATEWAY_CORE, *_, OTHERS_CORE = sorted(os.sched_getaffinity(0)) * 2

Scale = collections.namedtuple('Scale', 'name limits divide')
DEFAULTS = Scale('default pools', {}, 1)
TENTH = Scale('a tenth of the pools', {
    'small_buffers': 128, 'bulk_buffers': 32, 'pipes': 25, 'chunks': 1638, 'cells': 13107,
    'worker_queued_max': '25600KiB', 'sessions_per_worker': 6553}, 10)


def pools_bytes(scale):
    """What all pools of memory hold once each buffer was used, and the process's own 16 MiB."""
    whole = (1024 * 4096 + 256 * 65536 + 16384 * 16384 + 131072 * 512)
    return whole // scale.divide + 16 * MIB


def case(sentence, *arguments, seconds=tap.CASE_SECONDS):
    """Like tap.case, once for each scale, which comes as the first argument."""
    def register(function):
        for scale in (DEFAULTS, TENTH):
            tap.case(f'{sentence}; {scale.name}', scale, *arguments, seconds=seconds)(function)
        return function
    return register


def main():
    """tap.main off the gateway's core, with as many open files as the largest attack needs."""
    os.sched_setaffinity(0, {OTHERS_CORE})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    if hard < 20_000:
        return tap.main(skip=f'{hard} open files are not enough')
    return tap.main()


class Program:
    """One of the programs beside this file. It obeys lines and answers with lines."""

    def __init__(self, name, *options):
        self.name = name
        self.child = subprocess.Popen(
            [sys.executable, str(HERE / name), *options], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, preexec_fn=harness.die_with_test)
        self.buffer = b''
        try:
            self.port = int(re.search(r'listening on .*:(\d+)', self.line()).group(1))
        except BaseException:
            self.close()
            raise

    def say(self, *words):
        self.child.stdin.write((' '.join(map(str, words)) + '\n').encode())
        self.child.stdin.flush()

    def line(self, seconds=harness.SECONDS):
        """The next line that it prints."""
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.child.stdout, selectors.EVENT_READ)
            while b'\n' not in self.buffer:
                tap.check(selector.select(max(0, end - time.monotonic())),
                          f'{self.name} said nothing for {seconds} s')
                data = os.read(self.child.stdout.fileno(), 65536)
                tap.check(data, f'{self.name} has ended')
                self.buffer += data
        line, _, self.buffer = self.buffer.partition(b'\n')
        return line.decode()

    def close(self):
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.kill()
        self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Bystanders(Program):
    """Sessions and new clients; figures are those of bystanders.py, as attributes."""

    def __init__(self, *options):
        super().__init__('bystanders.py', *options)

    def open(self, gateway_port, path, count=SESSIONS):
        self.say('open', gateway_port, path, count)
        tap.equal(json.loads(self.line()), {'opened': count, 'ended': {}}, 'sessions beside')

    def begin(self):
        self.say('begin')

    def end(self):
        self.say('end')
        return types.SimpleNamespace(**json.loads(self.line(20)))

    def watch(self, seconds):
        self.begin()
        time.sleep(seconds)
        return self.end()


def shown(figures):
    return (f'{figures.answers} answers in {figures.median_ms} ms (median; longest '
            f'{figures.longest_ms}), {figures.served} new clients in {figures.served_median_ms} ms')


def expect_none_harmed(figures):
    """No answer is missing, no session ended, no new client was turned away."""
    tap.check(not figures.unanswered and not figures.ended and not figures.refused,
              f'{figures.unanswered} of {SESSIONS} sessions have no answer, ended: '
              f'{figures.ended}, new clients not served: {figures.refused}; {shown(figures)}')


def config(scale, echo, attacked=None, route=None, root=None, limits=None, level='info'):
    """/echo leads to those beside, /attacked to another backend, /files/* to `root`."""
    tables = [
        ('[gateway]', {'workers': 1, 'log_level': level}),
        ('[[listener]]', {'name': 'in', 'address': '127.0.0.1:0'}),
        ('[[route]]', {'name': 'echo', 'listener': 'in', 'path': '/echo', 'backend': 'echo',
                       'mode': 'tcp', **(route or {}).get('echo', {})}),
        ('[[backend]]', {'name': 'echo', 'servers': [f'127.0.0.1:{echo}']})]
    if attacked:
        tables += [
            ('[[route]]', {'name': 'attacked', 'listener': 'in', 'path': '/attacked',
                           'backend': 'attacked', 'mode': 'tcp',
                           **(route or {}).get('attacked', {})}),
            ('[[backend]]', {'name': 'attacked', 'servers': [f'127.0.0.1:{attacked}'],
                             'connect_timeout': '1m'})]
    if root:
        tables.append(('[[route]]', {'name': 'files', 'listener': 'in', 'path': '/files/*',
                                     'mode': 'static', 'root': str(root)}))
    tables.append(('[limits]', {'close_timeout': '1h', 'handshake_timeout': '1m',
                                **scale.limits, **(limits or {})}))
    return harness.toml(tables)


@contextlib.contextmanager
def stage(scale, *, options=(), remembered=0, **settings):
    """A Stage whose sessions beside are open. `settings` are config's."""
    with Bystanders(*options) as bystanders:
        text = config(scale, bystanders.port, **settings)
        pinned = ['taskset', '--cpu-list', str(GATEWAY_CORE)]
        with static.served(text, remembered, prefix=pinned) as gateway:
            bystanders.open(gateway.port, '/echo')
            yield Stage(scale, gateway, bystanders)
            expect_no_kernel_thread(gateway)
            bystanders.close()


class Stage:
    """A gateway and those beside an attack."""

    def __init__(self, scale, gateway, bystanders):
        self.scale = scale
        self.gateway = gateway
        self.bystanders = bystanders

    def expect_unharmed(self, attack, look=None, *, grown_max, hold=0.6, ratio=RATIO_MAX):
        """Plays `attack` beside the others: neither while it is prepared nor while it is in force
        does it harm anybody; it costs at most `grown_max` bytes of memory; and once it has done
        its worst it does not slow the others down. `look(stage)` judges the gateway then, while
        the others are quiet. A median that is too long is measured once more, from the
        beginning."""
        for chance in ('first', 'last'):
            alone = self.bystanders.watch(hold)
            expect_none_harmed(alone)
            tap.check(alone.answers >= SESSIONS and alone.served, f'too little: {shown(alone)}')
            before = self.gateway.resident_bytes()
            self.bystanders.begin()
            with attack(self):
                coming = self.bystanders.end()
                expect_none_harmed(coming)
                there = self.bystanders.watch(hold)
                grown = self.gateway.resident_bytes() - before
                print(f'# alone: {shown(alone)}\n# as it comes: {shown(coming)}\n# then: '
                      f'{shown(there)}; {grown >> 20} MiB more memory', flush=True)
                expect_none_harmed(there)
                expect_no_kernel_thread(self.gateway)
                tap.check(grown <= grown_max, f'{grown >> 20} MiB more memory')
                if look:
                    look(self)
            if there.median_ms <= max(ratio * alone.median_ms, FLOOR_MS):
                return
            tap.check(chance == 'first', f'alone {alone}, then {there}')


def expect_no_kernel_thread(gateway):
    """io_uring has handed nothing to threads of its own."""
    names = []
    for task in pathlib.Path(f'/proc/{gateway.pid}/task').iterdir():
        with contextlib.suppress(FileNotFoundError):
            names.append((task / 'comm').read_text().strip())
    workers = [name for name in names if name.startswith('iou-wrk')]
    tap.check(not workers, f'{len(workers)} kernel threads of io_uring')


def cpu_seconds(gateway):
    """What the process has used, its threads and io_uring's included: its CPU clock."""
    return time.clock_gettime(~gateway.pid << 3 | 2)
