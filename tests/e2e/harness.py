# SPDX-License-Identifier: Apache-2.0
"""The real gateway as a test sees it: a configuration, a process, its address, log and exit code.

    with harness.Gateway(backend.port, limits={'idle_timeout': '300ms'}) as gateway:
        client = wire.connect(gateway)
        ...
        gateway.expect_end(side='client', reason='close', code=1000)

Leaving the block demands that no session, link, lease or queued byte is left and that the process
holds no more descriptors than before its first session; then it ends it with SIGTERM, and demands
that it logs no error and exits with 0."""
import collections
import contextlib
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
# meson names what it builds; a test that is run by hand finds what tools/build leaves.
BUILD = pathlib.Path(os.environ.get('RINGWAY_E2E_BUILD', ROOT / 'build'))
RINGWAY = BUILD / 'gateway/ringway'
RINGBENCH = BUILD / 'bench/load/ringbench'
RINGCTL = BUILD / 'tools/ringctl/ringctl'
# What tests make and use again.
SCRATCH = BUILD / 'tests/e2e'

SECONDS = 10

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def die_with_test():
    """Runs in a child before exec: no server outlives the test that started it."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_for(condition, what, seconds=SECONDS):
    """Polls `condition` until it returns something true, which is returned."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f'waited {seconds} s in vain for {what}')
        time.sleep(0.002)


def steady(value, what, seconds=SECONDS, still=0.4):
    """Waits until `value()` has not changed for `still` seconds; returns it."""
    state = {'value': value(), 'since': time.monotonic()}

    def unchanged():
        now = value()
        if now != state['value']:
            state.update(value=now, since=time.monotonic())
        return time.monotonic() - state['since'] > still
    wait_for(unchanged, what, seconds)
    return state['value']


def run(*arguments, seconds=30, **options):
    """A program that ends by itself; its result with stdout and stderr as text."""
    return subprocess.run([str(each) for each in arguments], capture_output=True, text=True,
                          timeout=seconds, check=False, stdin=subprocess.DEVNULL,
                          preexec_fn=die_with_test, **options)


def toml(tables):
    """[(header, {key: value})] as TOML; JSON's strings, numbers and lists are TOML's too."""
    blocks = []
    for header, keys in tables:
        lines = [header] + [f'{key} = {json.dumps(value)}' for key, value in keys.items()]
        blocks.append('\n'.join(lines) + '\n')
    return '\n'.join(blocks)


def simple_config(ports, *, address='127.0.0.1:0', workers=1, limits=None, route=None,
                  backend=None, gateway=None, listener=None):
    """One listener, the route /ws and one backend; `ports` are its servers: ports or addresses.

    A session whose end hangs would be cut by close_timeout and nobody would see it; so that time is
    an hour unless a test asks for another."""
    servers = [f'127.0.0.1:{port}' if isinstance(port, int) else port for port in ports]
    return toml([
        ('[gateway]', {'workers': workers, 'log_level': 'debug', **(gateway or {})}),
        ('[[listener]]', {'name': 'in', 'address': address, **(listener or {})}),
        ('[[route]]', {'name': 'r', 'listener': 'in', 'path': '/ws', 'mode': 'tcp',
                       'backend': 'b', **(route or {})}),
        ('[[backend]]', {'name': 'b', 'servers': servers, **(backend or {})}),
        ('[limits]', {'close_timeout': '1h', **(limits or {})}),
    ])


def scratch_folder():
    return pathlib.Path(tempfile.mkdtemp(prefix='ringway-e2e-'))


class Server:
    """A program that serves until it is told to end. Its output goes to a file, stderr too unless
    it has a descriptor of its own."""

    def __init__(self, arguments, stderr=None, **options):
        self.folder = scratch_folder()
        self.log_file = self.folder / 'log'
        with open(self.log_file, 'wb') as log:
            self.child = subprocess.Popen([str(each) for each in arguments], stdout=log,
                                          stderr=log if stderr is None else stderr,
                                          stdin=subprocess.DEVNULL, preexec_fn=die_with_test,
                                          **options)
        self.pid = self.child.pid

    def collect_log(self):
        """Brings to the file what a log that goes elsewhere has said."""

    def log(self):
        self.collect_log()
        return self.log_file.read_text(errors='replace')

    def wait_log(self, pattern, seconds=SECONDS):
        """The match of a line that is in the log, or comes; the end of the process is an error."""
        def found():
            gone = self.child.poll() is not None
            match = re.search(pattern, self.log(), re.M)
            tap.check(match or not gone, f'ended with {self.child.poll()} before {pattern!r}:\n'
                                         f'{self.log()}')
            return match
        return wait_for(found, f'{pattern!r} in the log', seconds)

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, seconds=SECONDS):
        """The exit code."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'still runs after {seconds} s') from None

    def close(self):
        """Ends it by force if it still runs, and forgets its files."""
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            tap.notes.append(f'log of pid {self.pid}:\n{self.log()[-6000:]}')
        self.close()


# In front of a program: it runs as a user that may nothing.
UNPRIVILEGED = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all',
                '--bounding-set=-all', '--no-new-privs']


class Gateway(Server):
    """A gateway with a configuration: `ports` and the options of simple_config, or `text`;
    `prefix` is what runs it, `stderr` where its log goes instead of the file."""

    def __init__(self, *ports, text=None, prefix=(), stderr=None, **options):
        self.config_folder = scratch_folder()
        config = self.config_folder / 'ringway.toml'
        config.write_text(text or simple_config(ports, **options))
        self.config_folder.chmod(0o755)
        super().__init__([*prefix, RINGWAY, '--config', config], stderr=stderr)
        self.seen_ends = 0
        self.probes = 'health_check' in config.read_text()
        # Files of static routes that it may go on holding for the next request, open or in memory:
        # the large ones cost a descriptor each.
        self.remembered = 0
        try:
            self.wait_log(r'(?:^.* listening on .*\n){%d}' %
                          config.read_text().count('[[listener]]'))
        except BaseException:
            tap.notes.append(f'log:\n{self.log()}')
            self.close()
            raise
        found = re.findall(r'listener "(.*)" listening on (.*):(\d+)\n', self.log())
        self.ports = {name: int(port) for name, _, port in found}
        self.host = found[0][1].strip('[]')
        self.port = int(found[0][2])
        workers = re.search(r', (\d+) workers, ', self.log())
        self.workers = int(workers.group(1)) if workers else 0
        self.descriptors = self._descriptors_at_rest()

    @property
    def address(self):
        return (self.host, self.port)

    def url(self, path='/ws'):
        host = f'[{self.host}]' if ':' in self.host else self.host
        return f'ws://{host}:{self.port}{path}'

    def _descriptors(self):
        """What each open descriptor is: a path, "socket:[1234]" and so on."""
        folder = f'/proc/{self.pid}/fd'
        for descriptor in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                yield os.readlink(f'{folder}/{descriptor}')

    def descriptor_count(self):
        """All but those of pipes, which workers pool and keep once they have opened them."""
        return sum(not what.startswith('pipe:') for what in self._descriptors())

    def _descriptors_at_rest(self):
        """Before the first session; a probe that is under way is none of them."""
        if not self.probes:
            return self.descriptor_count()
        counts = []
        wait_for(lambda: counts.append(self.descriptor_count()) or len(counts) == 40, 'counts')
        return min(counts)

    def pipe_count(self):
        """Pipes that are open, each with its two ends."""
        return sum(what.startswith('pipe:') for what in self._descriptors()) // 2

    def resident_bytes(self):
        text = pathlib.Path(f'/proc/{self.pid}/smaps_rollup').read_text()
        return int(re.search(r'^Rss:\s+(\d+) kB', text, re.M).group(1)) * 1024

    def state(self):
        """What the workers hold and have counted, added up: {name: number}. Asked by SIGUSR1, so
        not while another call waits for its answer."""
        self.collect_log()
        offset = self.log_file.stat().st_size
        self.signal(signal.SIGUSR1)

        def answered():
            self.collect_log()
            with open(self.log_file, 'rb') as log:
                log.seek(offset)
                text = log.read().decode(errors='replace')
            lines = re.findall(r'^.* info (?:state|counters) worker=\d+(.*)\n', text, re.M)
            return len(lines) == 2 * self.workers and lines
        state = collections.Counter()
        for line in wait_for(answered, 'the answer to SIGUSR1'):
            for pair in line.split():
                name, number = pair.split('=')
                state[name] += int(number)
        return state

    def expect_idle(self):
        """Nothing is left of any session: no slot, no link, no lease, no queued byte, no
        descriptor. Returns the state."""
        held = ('sessions', 'links', 'leases', 'queued_bytes')
        state = {}

        def idle():
            state.update(self.state())
            return (not any(state[name] for name in held) and
                    state['files'] <= self.remembered)
        try:
            wait_for(idle, 'every session to be gone')
        except AssertionError as error:
            left = {name: state.get(name) for name in (*held, 'files')}
            raise AssertionError(f'{error}; left: {left}') from None
        self.expect_descriptors_as_before()
        return collections.Counter(state)

    def ends(self):
        """The `session end` lines so far, each as {key: text}."""
        return [dict(pair.split('=', 1) for pair in line.split())
                for line in re.findall(r'^.* session end (.*)\n', self.log(), re.M)]

    def next_end(self, seconds=SECONDS):
        """The next session's end that no call has returned before."""
        ends = wait_for(lambda: len(self.ends()) > self.seen_ends and self.ends(),
                        'a `session end` line', seconds)
        self.seen_ends += 1
        return ends[self.seen_ends - 1]

    def expect_end(self, seconds=SECONDS, **wanted):
        """The next session ended so: side=, reason=, code=, cut= and what else the line holds."""
        end = self.next_end(seconds)
        for key, value in wanted.items():
            tap.equal(end.get(key), str(value), f'{key} of the session end {end}')
        return end

    def expect_descriptors_as_before(self):
        """Every session's descriptors are closed. Linger of a failing test is its own."""
        most = self.descriptors + self.remembered
        wait_for(lambda: self.descriptor_count() <= most,
                 f'{most} descriptors again; now {self.descriptor_count()}')
        if not self.probes and not self.remembered:
            tap.equal(self.descriptor_count(), self.descriptors, 'descriptors')

    def end(self):
        """SIGTERM, and what an orderly end looks like."""
        self.signal(signal.SIGTERM)
        tap.equal(self.wait(SECONDS * 2), 0, 'exit code after SIGTERM')
        bad = [line for line in self.log().splitlines() if re.match(r'\S+ error ', line)]
        tap.check(not bad, f'errors in the log: {bad}')

    def close(self):
        super().close()
        shutil.rmtree(self.config_folder, ignore_errors=True)

    def __exit__(self, kind, error, trace):
        try:
            if kind is None and self.child.poll() is None:
                self.expect_idle()
                self.end()
        except BaseException as failure:
            super().__exit__(type(failure), failure, None)
            raise
        super().__exit__(kind, error, trace)
