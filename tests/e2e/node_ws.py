#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Starts the conversations of node_ws.mjs: npm's ws, the client that most servers meet."""
import pathlib
import socket
import sys

import backends
import harness
import npm
import tap

HERE = pathlib.Path(__file__).resolve().parent


def config(echo_port):
    """/ws echoes; /dead leads to a port that nobody listens on."""
    with socket.create_server(('127.0.0.1', 0)) as probe:
        dead = probe.getsockname()[1]
    route = {'listener': 'in', 'mode': 'tcp'}
    return harness.toml([
        ('[gateway]', {'workers': 2, 'log_level': 'debug'}),
        ('[[listener]]', {'name': 'in', 'address': '127.0.0.1:0'}),
        ('[[route]]', {'name': 'ws', 'path': '/ws', 'backend': 'echo',
                       'subprotocols': ['binary'], **route}),
        ('[[route]]', {'name': 'text', 'path': '/text', 'backend': 'echo', 'frames': 'text',
                       **route}),
        ('[[route]]', {'name': 'dead', 'path': '/dead', 'backend': 'dead', **route}),
        ('[[backend]]', {'name': 'echo', 'servers': [f'127.0.0.1:{echo_port}']}),
        ('[[backend]]', {'name': 'dead', 'servers': [f'127.0.0.1:{dead}']}),
        ('[limits]', {'close_timeout': '1h', 'message_max': '33MiB'}),
    ])


def converses(name, path):
    with backends.Echo() as echo, harness.Gateway(text=config(echo.port)) as gateway:
        result = harness.run(npm.NODE, HERE / 'node_ws.mjs', name, gateway.url(path), npm.FOLDER,
                             seconds=50)
        tap.equal(result.returncode, 0, f'exit code of node; it said {result.stderr}')


for sentence, conversation, conversation_path in [
        ('npm ws: binary messages of 0 bytes to 1 MiB come back', 'echo_sizes', '/ws'),
        ('npm ws: a message of 32 MiB comes back', 'echo_large', '/ws'),
        ('npm ws: text comes back as text where the route says so', 'text', '/text'),
        ('npm ws: fragments with a ping behind each come back whole', 'fragments', '/ws'),
        ('npm ws: close codes and reasons are echoed', 'close_codes', '/ws'),
        ('npm ws: a subprotocol is chosen, compression is not', 'offers', '/ws'),
        ('npm ws: refusals are HTTP answers with their status', 'refusals', '/ws'),
        ('npm ws: a message larger than message_max is closed with 1009', 'limit', '/ws')]:
    tap.case(sentence, conversation, conversation_path)(converses)


if __name__ == '__main__':
    sys.exit(tap.main(skip=npm.why_not()))
