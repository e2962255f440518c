#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What needs a machine of its own: few local ports, names that change. The program makes itself
network and mount namespaces and runs in them; without the privilege to it skips."""
import contextlib
import fcntl
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

import backends
import harness
import tap
import wire
from wire import BINARY, frame

INSIDE = 'RINGWAY_E2E_INSIDE'
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


def enter_namespaces():
    """Runs this program again inside; returns only where that is not permitted."""
    command = ['unshare', '--net', '--mount', '--propagation', 'private']
    if not shutil.which('unshare'):
        return 'unshare is not installed'
    allowed = subprocess.run([*command, 'true'], capture_output=True, text=True, check=False)
    if allowed.returncode != 0:
        return f'no namespaces for this user: {allowed.stderr.strip()}'
    os.environ[INSIDE] = 'yes'
    sys.stdout.flush()
    os.execvp(command[0], [*command, sys.executable, *sys.argv])
    return ''


def bring_up_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack('16sh14x', b'lo', IFF_UP))


def limit_local_ports(first, count):
    file = pathlib.Path('/proc/sys/net/ipv4/ip_local_port_range')
    file.write_text(f'{first} {first + count - 1}')


class Hosts:
    """Another /etc/hosts, of this mount namespace."""

    def __init__(self):
        self.file = pathlib.Path(tempfile.mkdtemp(prefix='ringway-e2e-')) / 'hosts'
        self.file.write_text('')
        subprocess.run(['mount', '--bind', str(self.file), '/etc/hosts'], check=True)

    def write(self, **names):
        self.file.write_text(''.join(f'{address} {name}\n' for name, address in names.items()))

    def close(self):
        subprocess.run(['umount', '/etc/hosts'], check=True)
        shutil.rmtree(self.file.parent)


PORTS = 8


def open_until_refused(gateway, stack, bound):
    """Sessions until the gateway finds no local port; the refused client is not among them."""
    clients = []
    while len(clients) <= bound:
        # Clients keep out of the range that the gateway draws from: a port that anybody has bound
        # is not given to a connect, whatever their addresses.
        client = stack.enter_context(
            wire.Client(gateway.address, bind=('127.0.0.1', 21000 + len(clients))))
        client.send(wire.request())
        response = client.response()
        if response.status == 502:
            tap.check('no local port' in response.body, response.body)
            return clients
        tap.equal(response.status, 101, f'status of {response}')
        clients.append(client)
    raise AssertionError(f'more than {bound} sessions with {PORTS} ports')


@tap.case('without a local port left the client gets a 502; each source brings as many more')
def local_ports():
    with contextlib.ExitStack() as stack:
        echo = stack.enter_context(backends.Echo())
        source = ['127.0.0.11', '127.0.0.12', '127.0.0.13']
        gateway = stack.enter_context(harness.Gateway(echo.port, address='127.0.0.1:20000',
                                                      backend={'source': source}))
        limit_local_ports(30000, PORTS)
        clients = open_until_refused(gateway, stack, len(source) * PORTS)
        tap.equal(len(clients), len(source) * PORTS, 'sessions')
        gateway.wait_log('warn.* no local port is free towards the backend: give it more addresses')
        for client in clients:
            client.send(frame(BINARY, b'alive'))
        for client in clients:
            tap.equal(client.data(5), b'alive')
        tap.check(gateway.state()['dials_without_port'] >= 1, 'not counted')
        for client in clients:
            client.close_in_order()


@tap.case('a name that moves is followed, off the workers; its old sessions live')
def names():
    with contextlib.ExitStack() as stack:
        hosts = stack.enter_context(contextlib.closing(Hosts()))
        hosts.write(**{'service.test': '127.0.0.21'})
        old = stack.enter_context(backends.Backend(host='127.0.0.21'))
        new = stack.enter_context(backends.Backend(host='127.0.0.22', port=old.port))
        gateway = stack.enter_context(harness.Gateway(
            f'service.test:{old.port}', gateway={'resolve_interval': '1s'}))
        first = stack.enter_context(wire.connect(gateway))
        connection = stack.enter_context(old.accept())
        hosts.write(**{'service.test': '127.0.0.22'})
        gateway.wait_log('info.* service.test is now 127.0.0.22:')
        second = stack.enter_context(wire.connect(gateway))
        stack.enter_context(new.accept()).close()
        second.answer_close(1000)
        connection.send(b'old')
        tap.equal(first.data(3), b'old')
        hosts.write()
        gateway.wait_log('warn.* the addresses before are kept; cannot resolve .*service.test')
        third = stack.enter_context(wire.connect(gateway))
        stack.enter_context(new.accept()).close()
        third.answer_close(1000)
        connection.close()
        first.answer_close(1000)


if __name__ == '__main__':
    if INSIDE not in os.environ:
        sys.exit(tap.main(skip=enter_namespaces()))
    bring_up_loopback()
    sys.exit(tap.main())
