#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a person meets first: the command line, --check, features, the demo, errors at start."""
import asyncio
import contextlib
import json
import os
import pathlib
import re
import resource
import shlex
import signal
import socket
import subprocess
import sys
import tempfile

import harness
import tap
import wire
from demo import Demo

try:
    import websockets
except ImportError:
    websockets = None

GOOD = harness.simple_config([5000, 'localhost:5001'], address='127.0.0.1:0',
                             limits={'window': '64KiB'})


def ringway(*arguments):
    return harness.run(harness.RINGWAY, *arguments)


@contextlib.contextmanager
def config_file(text):
    with tempfile.NamedTemporaryFile('w', suffix='.toml') as file:
        file.write(text)
        file.flush()
        yield file.name


@tap.case('--help names every option and command, and exits with 0')
def shows_help():
    result = ringway('--help')
    tap.equal(result.returncode, 0, 'exit code')
    for word in ('--config', '--check', '--version', 'demo', 'features', 'README'):
        tap.check(word in result.stdout, f'no {word} in:\n{result.stdout}')


@tap.case('--version prints one line')
def shows_version():
    result = ringway('--version')
    tap.equal(result.returncode, 0, 'exit code')
    tap.check(re.fullmatch(r'ringway \d+\.\d+\.\d+\n', result.stdout), result.stdout)


@tap.case('an unknown option is a usage error: exit code 2 and a line that names it',
          ['--colour'], 'colour')
@tap.case('an unknown command is a usage error', ['dance'], 'dance')
@tap.case('--config without a file is a usage error', ['--config'], 'config')
@tap.case('--check without --config is a usage error', ['--check'], '--config')
@tap.case('no argument at all is a usage error that shows the help', [], 'Usage')
def usage_error(arguments, word):
    result = ringway(*arguments)
    tap.equal(result.returncode, 2, 'exit code')
    tap.check(word in result.stderr, f'no {word} in:\n{result.stderr}')


@tap.case('--check of a good file prints a summary and exits with 0')
def checks_good_file():
    with config_file(GOOD) as path:
        result = ringway('--check', '--config', path)
    tap.equal((result.returncode, result.stderr), (0, ''), 'exit code and stderr')
    for word in ('127.0.0.1:0', '/ws', 'tcp', 'localhost:5001', 'window', '64KiB'):
        tap.check(word in result.stdout, f'no {word} in:\n{result.stdout}')


@tap.case('--check of a bad file names each mistake by file and line, and exits with 1')
def checks_bad_file():
    text = GOOD.replace('"b"', '"c"', 1).replace('window', 'windows')
    with config_file(text) as path:
        result = ringway('--check', '--config', path)
    tap.equal((result.returncode, result.stdout), (1, ''), 'exit code and stdout')
    for word in ('backend = "c"', 'windows = '):
        number = [word in line for line in text.splitlines()].index(True) + 1
        tap.check(re.search(rf'^{re.escape(path)}:{number}\b', result.stderr, re.M),
                  f'no {path}:{number} in:\n{result.stderr}')
    tap.check('did you mean "window"' in result.stderr, f'no hint in:\n{result.stderr}')


@tap.case('a file that is not there is named, by --check and without it')
def missing_file():
    for arguments in (['--check'], []):
        result = ringway(*arguments, '--config', '/nowhere/ringway.toml')
        tap.equal(result.returncode, 1, 'exit code')
        tap.check('/nowhere/ringway.toml' in result.stderr, result.stderr)


def line_of(text, word):
    """The number of the first line that has it."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if word in line)


@tap.case('--check says that this machine has no such address', '127.0.0.1:0', '192.0.2.1:0',
          'address = ', 'no interface of this machine')
@tap.case('--check says that a name is not resolved', 'localhost:5001', 'no-such-name.invalid:1',
          'servers = ', 'cannot resolve backend "b": no-such-name.invalid')
def could_not_be_served(good, bad, line, word):
    text = GOOD.replace(good, bad)
    with config_file(text) as path:
        result = ringway('--check', '--config', path)
    tap.equal(result.returncode, 1, 'exit code')
    tap.check('192.0.2.1' in result.stdout or 'no-such-name' in result.stdout, 'no summary')
    tap.check(re.search(rf'^{re.escape(path)}:{line_of(text, line)}:\d+: could not be served here: '
                        rf'.*{re.escape(word)}', result.stderr, re.M), result.stderr)


@tap.case('--check only warns of a port in use, and of what is valid and hardly meant')
def warns():
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        text = (GOOD.replace('127.0.0.1:0', f'127.0.0.1:{port}').replace('/ws', '/:id') +
                '\n[[backend]]\nname = "spare"\nservers = ["127.0.0.1:1"]\n')
        with config_file(text) as path:
            result = ringway('--check', '--config', path)
    tap.equal(result.returncode, 0, 'exit code')
    for line, word in (('address = ', 'another program listens there'),
                       ('path = ', 'looks like a pattern'), ('"spare"', 'is unused')):
        tap.check(re.search(rf'^{re.escape(path)}:{line_of(text, line)}:\d+: warning: .*{word}',
                            result.stderr, re.M), f'no {word} in:\n{result.stderr}')


@tap.case('the same warnings are in the log when it is served')
def logs_warnings():
    text = GOOD + '\n[[backend]]\nname = "spare"\nservers = ["127.0.0.1:1"]\n'
    with harness.Gateway(text=text) as gateway:
        gateway.wait_log(r'warning .*ringway\.toml:\d+:\d+: warning: backend "spare" is unused')


@tap.case('a FIFO that nobody writes is refused at once, by --check and without it')
def refuses_fifo():
    with tempfile.TemporaryDirectory() as folder:
        path = f'{folder}/fifo'
        os.mkfifo(path)
        for arguments in (['--check'], []):
            result = ringway(*arguments, '--config', path)
            tap.equal(result.returncode, 1, 'exit code')
            tap.check(f'{path}: is a pipe (FIFO)' in result.stderr, result.stderr)


@tap.case('--check reads what another command writes')
def reads_pipe():
    with config_file(GOOD) as path:
        result = harness.run('bash', '-c', f'{harness.RINGWAY} --check --config <(cat {path})')
    tap.equal((result.returncode, result.stderr), (0, ''), 'exit code and stderr')


@tap.case('--check beside the demo is a usage error, and nothing is served')
def check_of_demo():
    result = ringway('--check', 'demo')
    tap.equal((result.returncode, result.stdout), (2, ''), 'exit code and stdout')
    tap.check('demo takes no file' in result.stderr, result.stderr)


@tap.case('a bad file is refused at start as --check refuses it')
def serves_no_bad_file():
    with config_file(GOOD.replace('/ws', 'ws')) as path:
        started = ringway('--config', path)
        tap.equal(started.returncode, 1, 'exit code')
        tap.equal(started.stderr, ringway('--check', '--config', path).stderr, 'complaints')


@tap.case('features prints a table of what the kernel offers')
def shows_features():
    result = ringway('features')
    tap.equal(result.returncode, 0, 'exit code')
    lines = result.stdout.splitlines()
    tap.check(lines[0].startswith(f'Linux {os.uname().release}: '), lines[0])
    header = next(line for line in lines if line.startswith('FEATURE'))
    rows = lines[lines.index(header) + 1:]
    tap.check(len(rows) >= 5, result.stdout)
    column = header.index('STATE')
    for row in rows:
        tap.check(row[column:].split()[0] in ('used', 'offered', 'missing'), row)


def capabilities():
    """Those that this process has, as a bit mask."""
    status = pathlib.Path('/proc/self/status').read_text()
    return int(re.search(r'^CapEff:\s+([0-9a-f]+)', status, re.M).group(1), 16)


@tap.case('without privilege features names what is missing, why, and what is done instead')
def shows_what_was_degraded():
    locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if capabilities() != 0 or not 0 <= locked <= 8 << 20:
        raise tap.Skip('this process has privileges')
    rows = json.loads(ringway('features', '--json').stdout)['features']
    told = {each['name']: each for each in rows}
    for name, reason in (('fixed buffers', 'ulimit -l'),
                         ('BPF steering of connections', 'CAP_BPF')):
        tap.equal(told[name]['support'], 'missing', name)
        tap.check(reason in told[name]['note'], str(told[name]))


@tap.case('ringctl says its version, and what it is for')
def ringctl():
    result = harness.run(harness.RINGCTL, '--version')
    tap.equal(result.returncode, 0, 'exit code')
    tap.check(re.fullmatch(r'ringctl \d+\.\d+\.\d+\n', result.stdout), result.stdout)
    tap.equal(harness.run(harness.RINGCTL, '--help').returncode, 0, 'exit code of --help')


@tap.case('features --json says the same to a program')
def shows_features_as_json():
    result = ringway('features', '--json')
    tap.equal(result.returncode, 0, 'exit code')
    told = json.loads(result.stdout)
    tap.equal(told['usable'], True, 'usable')
    table = ringway('features').stdout
    for feature in told['features']:
        tap.check(feature['name'] in table, f'{feature} is not in the table')
        tap.check(feature['support'] in ('used', 'offered', 'missing'), str(feature))


# ---- The demo -----------------------------------------------------------------------------------

@tap.case('the demo prints its address and two commands, and echoes')
def demo_echoes():
    with Demo() as demo:
        tap.equal(len(demo.commands), 2, f'commands in {demo.log()}')
        for command in demo.commands:
            tap.check(demo.url in command, command)
        with wire.Client(('127.0.0.1', demo.port)) as client:
            client.handshake('/echo')
            client.send(wire.frame(wire.TEXT, b'hello'))
            tap.equal(client.data(5), b'hello')
            client.close_in_order()
        demo.signal(signal.SIGINT)
        tap.equal(demo.wait(), 0, 'exit code after Ctrl-C')


@tap.case('the load generator that the demo names finds every echo right')
def demo_command_ringbench():
    if not harness.RINGBENCH.exists():
        raise tap.Skip('ringbench is not built (option bench)')
    with Demo() as demo:
        words = shlex.split(next(each for each in demo.commands if 'ringbench' in each))
        result = harness.run(harness.RINGBENCH, *words[1:])
        tap.equal(result.returncode, 0, f'exit code; it printed {result.stdout}{result.stderr}')
        demo.signal(signal.SIGTERM)
        tap.equal(demo.wait(), 0, 'exit code')


@tap.case('the client that the demo names connects and shows the echo')
def demo_command_python():
    if websockets is None:
        raise tap.Skip('python3-websockets is not installed')
    with Demo() as demo:
        words = shlex.split(next(each for each in demo.commands if 'websockets' in each))
        tap.equal(words[:3], ['python3', '-m', 'websockets'], 'command')
        client = subprocess.Popen([sys.executable, *words[1:]], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  preexec_fn=harness.die_with_test)
        try:
            client.stdin.write(b'hello ring\n')
            client.stdin.flush()
            # The demo answers in binary frames, which this client shows in hexadecimal.
            shown = read_until(client.stdout, b'< (binary) ' + b'hello ring'.hex().encode())
            tap.check(f'Connected to {demo.url}'.encode() in shown, repr(shown))
            client.stdin.close()
            read_until(client.stdout, b'Connection closed: 1000')
            tap.equal(client.wait(harness.SECONDS), 0, 'exit code of the client')
        finally:
            client.kill()
            client.stdout.close()
            client.wait()


def read_until(stream, wanted):
    shown = b''
    while wanted not in shown:
        piece = os.read(stream.fileno(), 4096)
        tap.check(piece, f'ended before {wanted!r}: {shown!r}')
        shown += piece
    return shown


@tap.case('the websockets library exchanges messages with the demo')
def demo_library():
    if websockets is None:
        raise tap.Skip('python3-websockets is not installed')

    async def talk(url):
        async with websockets.connect(url) as client:
            await client.send('grüße')
            return await client.recv()
    with Demo() as demo:
        tap.equal(asyncio.run(talk(demo.url)), 'grüße'.encode(), 'echo (binary frames)')


@tap.case('a demo address without a port is refused with a hint')
def demo_bad_address():
    result = ringway('demo', '--listen', 'localhost')
    tap.equal(result.returncode, 1, 'exit code')
    tap.check('localhost' in result.stderr and 'expected' in result.stderr, result.stderr)


# ---- Trouble at start ---------------------------------------------------------------------------

@tap.case('a port that another program has is a clear error and exit code 1')
def port_taken():
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        result = ringway('demo', '--listen', f'127.0.0.1:{port}')
    tap.equal(result.returncode, 1, 'exit code')
    for word in (str(port), 'in use', 'another'):
        tap.check(word in result.stderr, f'no {word} in {result.stderr}')


@tap.case('a port that another gateway has is not shared with it')
def port_of_another_gateway():
    with Demo() as demo:
        result = ringway('demo', '--listen', f'127.0.0.1:{demo.port}')
        tap.equal(result.returncode, 1, 'exit code')
        tap.check('in use' in result.stderr, result.stderr)


@tap.case('an address that no interface has is a clear error')
def foreign_address():
    result = ringway('demo', '--listen', '192.0.2.1:0')
    tap.equal(result.returncode, 1, 'exit code')
    tap.check('192.0.2.1' in result.stderr and 'no interface' in result.stderr, result.stderr)


@tap.case('threads that the machine refuses are a sentence and exit code 1')
def no_threads():
    text = harness.simple_config(['localhost:1'],
                                 backend={'health_check': 'tcp', 'health_interval': '1h'})
    # A user that no other test is: the limit counts all threads of a user.
    user = 200_000_000 + os.getpid()
    as_user = ['setpriv', f'--reuid={user}', '--clear-groups', '--inh-caps=-all',
               '--bounding-set=-all']
    tried = harness.run(*as_user, 'true')
    if tried.returncode != 0:
        raise tap.Skip(f'it takes privileges to become another user: {tried.stderr.strip()}')
    said = set()
    with config_file(text) as path:
        os.chmod(path, 0o644)
        # Too few for the main thread, the log, the signals, the prober and the worker.
        for threads in range(1, 5):
            result = harness.run('prlimit', f'--nproc={threads}', *as_user, harness.RINGWAY,
                                 '--config', path)
            tap.equal(result.returncode, 1, f'exit code with {threads} threads; {result.stderr}')
            match = re.search(r'cannot start the thread of (.*): Resource temporarily unavailable; '
                              'raise the limit on threads', result.stderr)
            tap.check(match, f'with {threads} threads: {result.stderr}')
            said.add(match.group(1))
    tap.equal(said, {'the log', 'the signals', 'the prober', 'a worker'}, 'threads')


if __name__ == '__main__':
    sys.exit(tap.main())
