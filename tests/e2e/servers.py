#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Several servers of one backend: who gets the next session, and what happens when one dies and
comes back."""
import collections
import contextlib
import http.server
import socket
import sys
import threading

import backends
import harness
import tap
import wire

PROBED = {'health_check': 'tcp', 'health_interval': '20ms', 'health_rise': 2, 'health_fall': 2}


class Server(backends.Backend):
    """A listening socket whose port can be taken again at once."""

    def __init__(self, port=0):  # pylint: disable=super-init-not-called; it makes its own socket
        self.socket = socket.create_server(('127.0.0.1', port), backlog=128)
        self.socket.settimeout(backends.SECONDS)
        self.port = self.socket.getsockname()[1]

    def taken(self):
        """How many sessions wait here; each is accepted and ended. Probes send nothing."""
        self.socket.setblocking(False)
        count = 0
        while True:
            try:
                with self.accept() as connection:
                    count += len(connection.socket.recv(1))
            except BlockingIOError:
                self.socket.settimeout(backends.SECONDS)
                return count


def opened(gateway, bind=None):
    """A client whose session has sent something."""
    client = wire.Client(gateway.address, **({'bind': bind} if bind else {}))
    client.handshake()
    client.send(wire.frame(wire.BINARY, b'x'))
    return client


def open_and_leave(gateway, bind=None):
    opened(gateway, bind).close()


def spread(gateway, servers, count, bind=None):
    """How many of `count` sessions, one after the other, each server gets."""
    taken = collections.Counter()
    for _ in range(count):
        open_and_leave(gateway, bind)
        for number, server in enumerate(servers):
            taken[number] += server.taken()
    return [taken[number] for number in range(len(servers))]


@contextlib.contextmanager
def several(count, **backend):
    """So many servers, and a gateway in front of them."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(Server()) for _ in range(count)]
        ports = [server.port for server in servers]
        yield stack.enter_context(harness.Gateway(*ports, backend=backend)), servers


@tap.case('round_robin gives each server its weight in turn')
def round_robin():
    with several(3, balance='round_robin', weights=[3, 1, 2]) as (gateway, servers):
        tap.equal(spread(gateway, servers, 12), [6, 2, 4], 'sessions of each')


@tap.case('random_two takes the one with fewer sessions')
def random_two():
    with several(2, balance='random_two') as (gateway, servers), contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(opened(gateway))
        tap.equal([server.taken() for server in servers], [5, 5], 'sessions of each')


def address(number):
    return (f'127.0.1.{number}', 0)


@tap.case('source_hash keeps a client at its server; a dead one moves only its own clients')
def source_hash():
    with several(3, balance='source_hash', failures_max=1, eject_time='1h',
                 eject_time_max='1h') as (gateway, servers):
        homes = {}
        for number in range(1, 25):
            counts = spread(gateway, servers, 3, address(number))
            tap.check(3 in counts, f'client {number} is sent to several: {counts}')
            homes[number] = counts.index(3)
        tap.equal(sorted(set(homes.values())), [0, 1, 2], 'servers with clients')
        servers[1].close()
        rest = [servers[0], servers[2]]
        for number, home in homes.items():
            counts = spread(gateway, rest, 2, address(number))
            tap.check(2 in counts, f'client {number} is sent to several: {counts}')
            if home != 1:
                tap.equal(counts.index(2), home // 2, f'the server of client {number}')
        state = gateway.expect_idle()
        tap.equal(state['servers_ejected'], 1, 'ejections')
        tap.equal(state['dials_failed'], 1, 'failed dials: nobody asks it any more')


@tap.case('a server that dies is called down by its probes, and gets sessions when it is back')
def dies_and_comes_back():
    with several(2, balance='round_robin', **PROBED) as (gateway, servers):
        port = servers[0].port
        servers[0].close()
        gateway.wait_log(f'warn.* server 127.0.0.1:{port} is down: 2 probes in a row failed')
        dials = gateway.state()['dials']
        for _ in range(6):
            open_and_leave(gateway)
        tap.equal(gateway.state()['dials'] - dials, 6, 'dials')
        tap.equal(servers[1].taken(), 6, 'sessions of the other one')
        with Server(port) as back:
            gateway.wait_log(f'info.* server 127.0.0.1:{port} is up: 2 probes in a row succeeded')
            tap.equal(spread(gateway, [back, servers[1]], 6), [3, 3], 'sessions of each')
        tap.equal(gateway.expect_idle()['dials_failed'], 0, 'failed dials')


@tap.case('a server that dies without probes is ejected, tried again, and comes back')
def ejected_and_back():
    options = {'failures_max': 2, 'eject_time': '100ms', 'eject_time_max': '200ms'}
    with several(2, balance='round_robin', **options) as (gateway, servers):
        port = servers[0].port
        servers[0].close()

        def ejected(times):
            open_and_leave(gateway)
            servers[1].taken()
            return gateway.state()['servers_ejected'] >= times
        harness.wait_for(lambda: ejected(3), 'three ejections')
        with Server(port) as back:
            def comes():
                open_and_leave(gateway)
                servers[1].taken()
                return back.taken()
            harness.wait_for(comes, 'sessions of the server that is back')
        tap.equal(gateway.state()['handshakes_refused'], 0, 'refused clients')


class Health(http.server.BaseHTTPRequestHandler):
    """Answers with its server's status."""

    def do_GET(self):  # pylint: disable=invalid-name; the library's name
        self.server.paths.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@tap.case('an HTTP probe asks for its path and goes by the status')
def http_probes():
    service = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Health)
    service.status, service.paths = 204, []
    port = service.server_address[1]
    thread = threading.Thread(target=service.serve_forever, daemon=True)
    thread.start()
    options = {**PROBED, 'health_check': 'http', 'health_interval': '50ms',
               'health_path': '/ready?x=1', 'health_status': 204}
    try:
        with harness.Gateway(port, backend=options) as gateway:
            open_and_leave(gateway)
            service.status = 503
            gateway.wait_log(f'warn.* server 127.0.0.1:{port} is down: .* it answers 503 instead')
            with wire.Client(gateway.address) as client:
                client.send(wire.request())
                client.expect_refusal(503, 'no server of the backend is healthy')
            service.status = 204
            gateway.wait_log(f'info.* server 127.0.0.1:{port} is up')
            open_and_leave(gateway)
            tap.equal(set(service.paths), {'/ready?x=1'}, 'paths asked for')
    finally:
        service.shutdown()
        service.server_close()
        thread.join()


if __name__ == '__main__':
    sys.exit(tap.main())
