#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does what README.md tells a reader to do.

In a ```sh block each line that begins with `$ ` is a command; it has to end with 0. A ```toml block
is a whole configuration: it has to pass --check, and the commands behind it find it as
ringway.toml. What serves until Ctrl-C is started, has to say where it listens, gets SIGINT and has
to exit with 0. Scripts of tools/ that build or test everything would call this test again: they
have to be there and to answer --help; tools/run, which serves, is run too, with what is built."""
import contextlib
import pathlib
import re
import shlex
import signal
import sys
import tempfile

import harness
import tap

README = harness.ROOT / 'README.md'
# What these do reaches beyond the checkout.
NOT_RUN = {'apt', 'apt-get', 'cd', 'curl', 'docker', 'git', 'sudo', 'systemctl'}
COMMAND_SECONDS = 60
LISTENS = r'listening on |^Ringway serves '


def blocks(language):
    """[(position, text)] of the fenced blocks of a language."""
    text = README.read_text() if README.exists() else ''
    return [(match.start(), match.group(1))
            for match in re.finditer(rf'^```{language}\n(.*?)^```$', text, re.M | re.S)]


def commands():
    """[(command, the configuration that stands before it, or None)]"""
    found = []
    for position, block in blocks('sh'):
        before = [text for at, text in blocks('toml') if at < position]
        joined = block.replace('\\\n', ' ')
        found += [(line[2:].strip(), before[-1] if before else None)
                  for line in joined.splitlines() if line.startswith('$ ')]
    return found


def for_this_machine(configuration, root):
    """Port 8080 may be somebody's, and this machine need not have the folders."""
    text = re.sub(r'^(address = "[^"]*:)\d+"', r'\g<1>0"', configuration, flags=re.M)
    return re.sub(r'^root = "[^"]*"', f'root = "{root}"', text, flags=re.M)


@contextlib.contextmanager
def checkout(configuration):
    """A folder that looks like the root of a checkout after tools/build, without writing there."""
    with tempfile.TemporaryDirectory(prefix='ringway-readme-') as name:
        folder = pathlib.Path(name)
        for entry in ('bench', 'tests', 'tools'):
            (folder / entry).symlink_to(harness.ROOT / entry)
        (folder / 'build').mkdir()
        for program in (harness.RINGWAY, harness.RINGBENCH, harness.RINGCTL):
            (folder / 'build' / program.name).symlink_to(program)
        if configuration:
            (folder / 'www').mkdir()
            (folder / 'ringway.toml').write_text(for_this_machine(configuration, folder / 'www'))
        yield folder


def serves(words):
    """Whether a command runs until it is told to end."""
    if words[0] == 'build/ringway':
        return 'demo' in words or ('--config' in words and '--check' not in words)
    return words[0] == 'build/ringbench' and words[1:2] in (['tcp-echo'], ['ws-echo'])


def serve(words, folder):
    if 'demo' in words:
        words = [*words, '--listen', '127.0.0.1:0']
    with harness.Server(words, cwd=folder) as server:
        server.wait_log(LISTENS)
        server.signal(signal.SIGINT)
        tap.equal(server.wait(), 0, 'exit code after Ctrl-C')


def expect_success(*words, folder):
    result = harness.run(*words, seconds=COMMAND_SECONDS, cwd=folder)
    tap.equal(result.returncode, 0, f'exit code; it said {result.stdout}{result.stderr}')


def runs(words):
    """tools/run of this checkout: it finds everything built, where this is the folder it builds."""
    if harness.BUILD != harness.ROOT / 'build':
        raise tap.Skip('these programs are not those that tools/run starts')
    program = harness.ROOT / 'tools/run'
    if '--' in words:
        expect_success(program, *words[1:], folder='/')
    else:
        serve([program, '--', 'demo'], '/')


def obeys(command, configuration):
    words = shlex.split(command)
    if words[0] in NOT_RUN:
        raise tap.Skip(f'{words[0]} reaches beyond this checkout')
    with checkout(configuration) as folder:
        program = folder / words[0] if '/' in words[0] else None
        if program and words[0].startswith('build/') and not program.exists():
            raise tap.Skip(f'{words[0]} is not built here')
        tap.check(program is None or program.exists(), f'there is no {words[0]}')
        if words[0].startswith('tools/'):
            expect_success(program, '--help', folder=folder)
            if words[0] == 'tools/run':
                runs(words)
        elif serves(words):
            serve(words, folder)
        else:
            expect_success('bash', '-c', command, folder=folder)


def passes_check(configuration):
    with tempfile.NamedTemporaryFile('w', suffix='.toml') as file:
        file.write(for_this_machine(configuration, '/'))
        file.flush()
        expect_success(harness.RINGWAY, '--check', '--config', file.name, folder='/')


for each_command, each_configuration in commands():
    tap.case(f'$ {each_command}', each_command, each_configuration)(obeys)
for number, (_, each_configuration) in enumerate(blocks('toml'), 1):
    tap.case(f'configuration {number} passes --check', each_configuration)(passes_check)


@tap.case('the README has commands and a configuration')
def has_some():
    tap.check(commands(), 'no command in README.md')
    tap.check(blocks('toml'), 'no configuration in README.md')


if __name__ == '__main__':
    sys.exit(tap.main())
