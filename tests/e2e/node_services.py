#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""npm's ws and socket.io, server and client, with a route of mode "websocket" between them. A
server is a process of its own (node_services.mjs), and so is each client."""
import contextlib
import pathlib
import re
import subprocess
import sys

import harness
import npm
import tap

PROGRAM = pathlib.Path(__file__).resolve().with_suffix('.mjs')


@contextlib.contextmanager
def service(name, *arguments):
    """The port of a service that runs until the block is left."""
    with subprocess.Popen([npm.NODE, PROGRAM, name, npm.FOLDER, *arguments],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          preexec_fn=harness.die_with_test) as child:
        line = child.stdout.readline().decode()
        if not line.startswith('port '):
            raise AssertionError(f'{name} said {line!r}, {child.stderr.read().decode()}')
        try:
            yield int(line.split()[1])
        finally:
            child.kill()


def client(name, *arguments):
    """A client's whole life; what it printed."""
    result = harness.run(npm.NODE, PROGRAM, name, npm.FOLDER, *arguments, seconds=50)
    tap.equal(result.returncode, 0, f'exit code of {name}; it said {result.stderr}')
    return result.stdout


def converses(by_server, by_client, route):
    with service('ws_server', by_server) as port, \
            harness.Gateway(port, route={'mode': 'websocket', **route}) as gateway:
        client('ws_client', gateway.url(), by_server, by_client)
        gateway.expect_end(reason='end', upgraded=1, cut=0)


for deflate, wish in [('1', '1'), ('0', '0'), ('1', '0'), ('0', '1')]:
    tap.case(f'npm ws, perMessageDeflate of the server {deflate}, of the client {wish}',
             deflate, wish, {})(converses)
tap.case('npm ws with perMessageDeflate, inspect = "headers"',
         '1', '1', {'inspect': 'headers'})(converses)
tap.case('npm ws with perMessageDeflate, splice = "off"', '1', '1', {'splice': 'off'})(converses)


@tap.case('npm ws: a server\'s 401 reaches the client with its fields and body')
def refused():
    with service('ws_server', '0') as port, \
            harness.Gateway(port, route={'mode': 'websocket'}) as gateway:
        client('ws_refused', gateway.url())
        gateway.expect_end(reason='answered', code=401)


@tap.case('socket.io over two servers with source_hash: one address is always at one of them', 1)
@tap.case('the same over two workers', 2)
def socket_io(workers):
    with service('io_server', 'a') as first, service('io_server', 'b') as second, \
            harness.Gateway(first, second, workers=workers, backend={'balance': 'source_hash'},
                            route={'mode': 'websocket', 'path': '/ws/*'}) as gateway:
        url = f'http://127.0.0.1:{gateway.port}'
        found = [re.findall(r'server (\w)', client('io_clients', url, count))
                 for count in ('12', '3')]
        tap.equal(found[0], found[1], 'the server of the address')
        harness.wait_for(lambda: len(gateway.ends()) == 15, 'all sessions to end')


if __name__ == '__main__':
    sys.exit(tap.main(skip=npm.why_not()))
