#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions over two and three servers: how they are spread, what a full, a dead and a sick server
do to that, and how one that comes back is used again."""
import collections
import contextlib
import socket
import sys
import threading

import backends
import harness
import tap
import wire


class Server(backends.Backend):
    """Accepts in a thread and holds what it accepts; answers GET (a probe) with `status` and lets
    probes that say nothing go. `sessions` are connections of the gateway that sent the word."""

    WORD = b'hello'

    def __init__(self, port=0, status=200):
        super().__init__(port=port)
        self.status = status
        self.sessions = 0
        self.probes = collections.Counter()
        self._held = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                accepted = self.socket.accept()[0]
            except socket.timeout:
                continue
            except OSError:
                return
            with self._lock:
                self._held.append(accepted)
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted):
        with contextlib.suppress(OSError):
            accepted.settimeout(60)
            first = accepted.recv(1000)
            if first.startswith(b'GET '):
                self.probes[first.split(b'\r\n')[0].decode()] += 1
                accepted.sendall(b'HTTP/1.1 %d Whatever\r\nContent-Length: 0\r\n'
                                 b'Connection: close\r\n\r\n' % self.status)
            elif first == self.WORD:
                self.sessions += 1
                accepted.sendall(b'at %05d' % self.port)
                while accepted.recv(1000):
                    pass
            elif not first:
                self.probes['connect'] += 1
        accepted.close()

    def close(self):
        """As a process that is killed: nothing listens, nothing is open any more."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        with self._lock:
            for accepted in self._held:
                with contextlib.suppress(OSError):
                    accepted.shutdown(socket.SHUT_RDWR)


def session(gateway, bind=None):
    """(an open session, the port of its server)."""
    client = wire.connect(gateway, bind=bind)
    client.send(wire.frame(wire.BINARY, Server.WORD))
    return client, int(client.data(8)[3:])


@contextlib.contextmanager
def served(count, workers=1, limits=None, **backend):
    """(gateway, servers)."""
    with contextlib.ExitStack() as stack:
        status = backend.get('health_status', 200)
        servers = [stack.enter_context(Server(status=status)) for _ in range(count)]
        gateway = stack.enter_context(harness.Gateway(
            *[server.port for server in servers], workers=workers, backend=backend, limits=limits))
        yield gateway, servers


def opened(gateway, stack, count, binds=(None,)):
    """How many of `count` sessions, held open in `stack`, each server got, by its port."""
    ports = []
    for number in range(count):
        client, port = session(gateway, binds[number % len(binds)])
        stack.callback(finish, client)
        ports.append(port)
    return ports


def finish(client):
    with contextlib.suppress(ConnectionError):
        client.send(wire.frame(wire.CLOSE, wire.close_payload(1000)))
        client.socket.shutdown(socket.SHUT_WR)
        while client.receive():
            pass
    client.close()


def spread(ports, servers):
    count = collections.Counter(ports)
    return [count[server.port] for server in servers]


# ---- How sessions are spread --------------------------------------------------------------------

@tap.case('least_sessions is the default: each server has as many', {}, [10, 10, 10], 1)
@tap.case('least_sessions by weight', {'weights': [3, 1, 1]}, [18, 6, 6], 1)
@tap.case('least_sessions over two workers', {'balance': 'least_sessions'}, [10, 10, 10], 2)
@tap.case('round_robin takes turns', {'balance': 'round_robin'}, [10, 10, 10], 1)
@tap.case('round_robin by weight', {'balance': 'round_robin', 'weights': [1, 4, 1]}, [5, 20, 5], 1)
def spreads(backend, wanted, workers):
    with served(3, workers, **backend) as (gateway, servers), contextlib.ExitStack() as stack:
        tap.equal(spread(opened(gateway, stack, 30), servers), wanted, 'sessions of each server')


@tap.case('least_sessions fills up the server that lost its sessions')
def fills_up():
    with served(2) as (gateway, servers), contextlib.ExitStack() as stack:
        held = [session(gateway) for _ in range(20)]
        for client, port in held:
            if port == servers[0].port:
                finish(client)
            else:
                stack.callback(finish, client)
        harness.wait_for(lambda: gateway.state()['sessions'] == 10, 'sessions to end')
        tap.equal(spread(opened(gateway, stack, 10), servers), [10, 0], 'the next sessions')


@tap.case('random_two leaves no server without its share', {}, [10, 10, 10])
@tap.case('random_two by weight', {'weights': [4, 1, 1]}, [20, 5, 5])
def random_two(backend, wanted):
    with served(3, balance='random_two', **backend) as (gateway, servers), \
            contextlib.ExitStack() as stack:
        got = spread(opened(gateway, stack, 60), servers)
        # Twice as many sessions as in the others; the better of two by chance is never far off.
        for have, want in zip(got, wanted):
            tap.check(abs(have - 2 * want) <= 12, f'{got} is far from {wanted}')


@tap.case('source_hash: an address keeps its server, and addresses are spread over all', 1)
@tap.case('source_hash: the same over two workers', 2)
def source_hash(workers):
    binds = [(f'127.0.{number}.{number + 1}', 0) for number in range(40)]
    with served(3, workers, balance='source_hash') as (gateway, servers), \
            contextlib.ExitStack() as stack:
        first, second = (opened(gateway, stack, len(binds), binds) for _ in range(2))
        tap.equal(first, second, 'the servers of the same addresses')
        tap.check(min(spread(first, servers)) >= 4, f'{spread(first, servers)}')


@tap.case('source_hash: a server that is gone moves its own clients only, and gets them back')
def source_hash_without_one():
    binds = [(f'127.0.{number}.{number + 1}', 0) for number in range(30)]
    with served(3, balance='source_hash', failures_max=1, eject_time='50ms',
                eject_time_max='50ms') as (gateway, servers):
        def where():
            with contextlib.ExitStack() as stack:
                return opened(gateway, stack, len(binds), binds)
        before = where()
        dead = servers[1].port
        servers[1].close()
        without = where()
        tap.check(dead not in without, 'sessions of a dead server')
        moved = [a for a, b in zip(before, without) if a != b]
        tap.check(all(port == dead for port in moved), 'clients of other servers moved')
        with Server(port=dead):
            harness.wait_for(lambda: where() == before, 'all to be back')


# ---- Limits -------------------------------------------------------------------------------------

@tap.case('sessions_per_server: the next session is a 503, until one has ended')
def sessions_per_server():
    with served(2, sessions_per_server=3) as (gateway, servers), contextlib.ExitStack() as stack:
        tap.equal(spread(opened(gateway, stack, 5), servers) in ([3, 2], [2, 3]), True)
        last, _ = session(gateway)
        with wire.Client(gateway.address) as client:
            client.send(wire.request())
            refusal = client.expect_refusal(503, 'every server')
            tap.check(int(refusal.headers['retry-after']) > 0, f'{refusal}')
        finish(last)
        harness.wait_for(lambda: gateway.state()['sessions'] == 5, 'the session to end')
        opened(gateway, stack, 1)
        tap.equal(gateway.state()['refused_by_servers_full'], 1)


# ---- Servers that die and come back -------------------------------------------------------------

def refusal_of(gateway):
    with wire.Client(gateway.address) as client:
        client.send(wire.request())
        response = client.response()
        client.expect_fin()
        return response


@tap.case('a server that is killed is ejected: no session fails; back, it is used again', 1)
@tap.case('the same over two workers', 2)
def killed_and_back(workers):
    with served(2, workers, failures_max=2, eject_time='200ms',
                eject_time_max='200ms') as (gateway, servers):
        with contextlib.ExitStack() as stack:
            tap.equal(spread(opened(gateway, stack, 4), servers), [2, 2])
        dead = servers[0].port
        servers[0].close()
        with contextlib.ExitStack() as stack:
            ports = opened(gateway, stack, 30)
            tap.equal(set(ports), {servers[1].port}, 'servers of the sessions')
        state = gateway.state()
        tap.check(state['servers_ejected'] >= 1 or state['dials_failed'] <= 2 * workers,
                  f'failed dials do not eject: {state}')
        tap.check(state['dials_failed'] < 15, f'{state["dials_failed"]} dials of a dead server')
        with Server(port=dead) as again:
            def used():
                client, port = session(gateway)
                finish(client)
                return port == dead
            harness.wait_for(used, 'the server to be used again')
            tap.check(again.sessions > 0, 'no session came')


@tap.case('all servers dead without probes: 502, and the first that is back is found at once')
def all_dead():
    with served(2, failures_max=1, eject_time='1h', eject_time_max='1h') as (gateway, servers):
        dead = servers[0].port
        for server in servers:
            server.close()
        for _ in range(4):
            tap.equal(refusal_of(gateway).status, 502)
        with Server(port=dead):
            client, port = session(gateway)
            finish(client)
            tap.equal(port, dead, 'the server')


def downs(gateway, port):
    """How often the server was called down."""
    return sum(f':{port}' in line and 'down' in line for line in gateway.log().splitlines())


def is_called_down(gateway, port):
    return downs(gateway, port) > 0


HTTP = {'health_check': 'http', 'health_path': '/health?x=1', 'health_status': 204}
FAST = {'health_interval': '50ms', 'health_timeout': '50ms', 'health_rise': 2, 'health_fall': 3,
        'failures_max': 0}


@tap.case('health_check "tcp": without a healthy server 503 with Retry-After, without a dial')
def no_server_healthy():
    with served(2, health_check='tcp', **FAST) as (gateway, servers):
        harness.wait_for(lambda: all(server.probes['connect'] for server in servers), 'probes')
        ports = [server.port for server in servers]
        for server in servers:
            server.close()
        harness.wait_for(lambda: all(is_called_down(gateway, port) for port in ports),
                         'both to be called down')
        dials = gateway.state()['dials']
        refusal = refusal_of(gateway)
        tap.equal(refusal.status, 503)
        tap.check(int(refusal.headers['retry-after']) > 0 and 'healthy' in refusal.body,
                  f'{refusal}')
        tap.equal(gateway.state()['dials'], dials, 'dials while none is healthy')
        tap.equal(gateway.state()['refused_by_health'], 1, 'refused_by_health')
        with Server(port=ports[1]):
            harness.wait_for(lambda: refusal_or_open(gateway) == 101, 'one to be called up')


def refusal_or_open(gateway):
    with wire.Client(gateway.address) as client:
        client.send(wire.request())
        return client.response().status


def where_now(gateway):
    """The servers that four sessions get; none where a client is refused."""
    with contextlib.ExitStack() as stack:
        ports = set()
        for _ in range(4):
            if refusal_or_open(gateway) != 101:
                return set()
            with contextlib.suppress(AssertionError):
                ports.update(opened(gateway, stack, 1))
        return ports


@tap.case('health_check "http": a server with another status gets no session until it has the '
          'right one')
def http_probes():
    with served(2, **HTTP, **FAST) as (gateway, servers):
        harness.wait_for(lambda: all(sum(server.probes.values()) > 4 for server in servers),
                         'probes')
        tap.equal(set(servers[0].probes), {'GET /health?x=1 HTTP/1.1'}, 'what is asked')

        def where():
            return where_now(gateway)
        both = {server.port for server in servers}
        harness.wait_for(lambda: where() == both, 'both to be used')
        before = downs(gateway, servers[0].port)
        servers[0].status = 500
        harness.wait_for(lambda: downs(gateway, servers[0].port) > before, 'one to be called down')
        harness.wait_for(lambda: where() == {servers[1].port}, 'the sick one to be left out')
        asked = sum(servers[0].probes.values())
        harness.wait_for(lambda: sum(servers[0].probes.values()) > asked + 3, 'probes to go on')
        tap.check(servers[0].port not in where(), 'the sick one is used')
        servers[0].status = 204
        harness.wait_for(lambda: where() == both, 'both to be used again')


@tap.case('health_check "http": a server that answers nothing is called down')
def http_probes_time_out():
    with backends.Backend() as silent, Server(status=204) as good, \
            harness.Gateway(silent.port, good.port,
                            backend={**HTTP, **FAST, 'health_timeout': '20ms'}) as gateway:
        harness.wait_for(lambda: is_called_down(gateway, silent.port),
                         'the silent one to be called down')
        harness.wait_for(lambda: where_now(gateway) == {good.port}, 'the good one to be used')


def session_or_none(gateway):
    with contextlib.suppress(AssertionError):
        return session(gateway)
    return None


@tap.case('an open session outlives the verdict on its server')
def session_outlives_verdict():
    with served(2, **HTTP, **FAST) as (gateway, servers):
        client, _ = harness.wait_for(lambda: session_or_none(gateway), 'a session')
        for server in servers:
            server.status = 500
        harness.wait_for(lambda: refusal_or_open(gateway) == 503, 'both to be called down')
        client.send(wire.frame(wire.PING, b'still there?'))
        tap.equal(client.next_frame().payload, b'still there?')
        finish(client)
        gateway.wait_log('reason=close')


@tap.case('after something was sent, no other server is tried')
def next_server_only_before_sending():
    with backends.Backend() as first, backends.Backend() as second, \
            harness.Gateway(first.port, second.port, route={'mode': 'websocket'},
                            backend={'balance': 'round_robin'}) as gateway, \
            wire.Client(gateway.address) as client:
        client.send(wire.request())
        first.socket.settimeout(0.5)
        try:
            taken, spare = first.accept(), second
        except AssertionError:
            taken, spare = second.accept(), first
        taken.take(10)
        taken.reset()
        client.expect_refusal(502, 'closed the connection')
        spare.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            spare.socket.accept()
            raise AssertionError('the other server was dialled')


if __name__ == '__main__':
    sys.exit(tap.main())
