#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What needs a machine of its own: few local ports, names that change. The program makes itself
network and mount namespaces and runs in them; without the privilege to it skips."""
import contextlib
import fcntl
import os
import pathlib
import re
import select
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
SIOCSIFADDR = 0x8916
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


def add_loopback_address(address):
    """An IPv6 address beside ::1 (struct in6_ifreq)."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFADDR, socket.inet_pton(socket.AF_INET6, address) +
                    struct.pack('Ii', 128, socket.if_nametoindex('lo')))


@contextlib.contextmanager
def limited_local_ports(first, count):
    file = pathlib.Path('/proc/sys/net/ipv4/ip_local_port_range')
    before = file.read_text()
    file.write_text(f'{first} {first + count - 1}')
    yield
    file.write_text(before)


class Hosts:
    """Another /etc/hosts, of this mount namespace."""

    def __init__(self):
        self.file = pathlib.Path(tempfile.mkdtemp(prefix='ringway-e2e-')) / 'hosts'
        self.file.write_text('')
        subprocess.run(['mount', '--bind', str(self.file), '/etc/hosts'], check=True)

    def write(self, **names):
        """Each name with its address, or a list of them."""
        lines = []
        for name, addresses in names.items():
            each = [addresses] if isinstance(addresses, str) else addresses
            lines += [f'{address} {name}\n' for address in each]
        self.file.write_text(''.join(lines))

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
        stack.enter_context(limited_local_ports(30000, PORTS))
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


def exchange(gateway, stack, *services):
    """A session over whichever of `services` is dialled; where its connection is from and to."""
    client = stack.enter_context(wire.connect(gateway))
    ready, _, _ = select.select([each.socket for each in services], [], [], wire.SECONDS)
    tap.equal(len(ready), 1, 'services with a connection')
    service = next(each for each in services if each.socket is ready[0])
    connection = stack.enter_context(service.accept())
    client.send(frame(BINARY, b'hello'))
    tap.equal(connection.take(5), b'hello')
    return connection.socket.getpeername()[0], connection.socket.getsockname()[0]


@tap.case('a name with several addresses: sessions are spread, what refuses leads to the next')
def several_addresses():
    with contextlib.ExitStack() as stack:
        hosts = stack.enter_context(contextlib.closing(Hosts()))
        hosts.write(**{'service.test': ['127.0.0.31', '127.0.0.32', '127.0.0.33']})
        first = stack.enter_context(backends.Backend(host='127.0.0.31'))
        third = stack.enter_context(backends.Backend(host='127.0.0.33', port=first.port))
        gateway = stack.enter_context(harness.Gateway(
            f'service.test:{first.port}', backend={'failures_max': 1}))
        met = [exchange(gateway, stack, first, third)[1] for _ in range(6)]
        tap.equal(sorted(met), 3 * ['127.0.0.31'] + 3 * ['127.0.0.33'], 'addresses met')
        state = gateway.state()
        tap.equal(state['dials_of_next_address'], 1, 'dials of the next address')
        tap.equal(state.get('servers_ejected', 0), 0, 'a server with two good addresses is ejected')
        failed = re.findall('dial to (.*):.* failed', gateway.log())
        tap.equal(failed, ['127.0.0.32'], 'failures told')


@tap.case('an address that does not answer costs try_timeout, then the next is dialled')
def silent_address():
    with contextlib.ExitStack() as stack:
        hosts = stack.enter_context(contextlib.closing(Hosts()))
        hosts.write(**{'service.test': ['127.0.0.41', '127.0.0.42']})
        silent = stack.enter_context(backends.FullBackend(host='127.0.0.41'))
        service = stack.enter_context(backends.Backend(host='127.0.0.42', port=silent.port))
        gateway = stack.enter_context(harness.Gateway(
            f'service.test:{silent.port}',
            backend={'connect_timeout': '1h', 'try_timeout': '200ms', 'failures_max': 1}))
        for _ in range(3):
            exchange(gateway, stack, service)
        state = gateway.state()
        tap.equal(state['dials_given_up'], 1, 'dials given up')
        tap.equal(state.get('servers_ejected', 0), 0, 'a server with a good address is ejected')


@tap.case('localhost reaches a service that listens on ::1 only', '::1')
@tap.case('localhost reaches a service that listens on 127.0.0.1 only', '127.0.0.1')
def localhost(host):
    with contextlib.ExitStack() as stack:
        hosts = stack.enter_context(contextlib.closing(Hosts()))
        hosts.write(localhost=['127.0.0.1', '::1'])
        service = stack.enter_context(backends.Backend(host=host))
        gateway = stack.enter_context(harness.Gateway(f'localhost:{service.port}'))
        for _ in range(3):
            exchange(gateway, stack, service)
        tap.equal(gateway.state()['dials_failed'], 1, 'dials of the other address')


@tap.case('a connection leaves from a source of its family, each source in turn')
def sources_of_two_families():
    with contextlib.ExitStack() as stack:
        hosts = stack.enter_context(contextlib.closing(Hosts()))
        hosts.write(**{'service.test': ['::1', '127.0.0.51']})
        four = stack.enter_context(backends.Backend(host='127.0.0.51'))
        six = stack.enter_context(backends.Backend(host='::1', port=four.port))
        add_loopback_address('fd00::11')
        source = ['127.0.0.11', '127.0.0.12', '::1', 'fd00::11']
        gateway = stack.enter_context(harness.Gateway(f'service.test:{four.port}',
                                                      backend={'source': source}))
        left = [exchange(gateway, stack, four, six)[0] for _ in range(8)]
        tap.equal(sorted(left), sorted(2 * source), 'sources')
        tap.equal(gateway.state().get('dials_failed', 0), 0, 'dials that failed')


if __name__ == '__main__':
    if INSIDE not in os.environ:
        sys.exit(tap.main(skip=enter_namespaces()))
    bring_up_loopback()
    sys.exit(tap.main())
