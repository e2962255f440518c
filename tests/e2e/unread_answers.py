#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that make the gateway answer and do not read: the many small pieces that wait for them
cost themselves, and nobody beside them."""
import contextlib
import socket
import sys
import threading
import time

import attacks
import backends
import beside
import harness
import tap
import wire
from scenes import KEY
from wire import BINARY, PING, frame

# A client's window, and each receive buffer once (4 MiB of small ones, 16 MiB of large ones).
GROWN_MAX = 32 << 20
# What one client may hold: a window in chunks of 16 KiB, and what was received meanwhile.
LEASES_MAX = 400


def send_in_turn(clients, pieces, rounds, seconds):
    """Each client sends a piece a round, in one packet, until it is not let on any more. Returns
    how many pieces were sent."""
    sent = 0
    end = time.monotonic() + seconds
    sockets = [client.socket for client in clients]
    for number in range(rounds):
        piece = pieces[number % len(pieces)]
        for each in list(sockets):
            try:
                whole = each.send(piece) == len(piece)
            except BlockingIOError:
                whole = False
            sent += whole
            if not whole:
                sockets.remove(each)
        if not sockets or time.monotonic() > end:
            break
    return sent


FILLING = frame(BINARY, bytes(16 << 10))


def fill(stage, clients):
    """The same for all of them. What the first needs is enough for each: they are alike."""
    needed = attacks.fill_socket(stage.gateway, lambda: clients[0].send(FILLING))
    for client in clients[1:]:
        client.send(FILLING * needed)
    harness.steady(lambda: attacks.queued_bytes(stage.gateway), 'the fillings', still=0.06)
    for client in clients:
        client.socket.setblocking(False)


@contextlib.contextmanager
def silent_readers(stage, count):
    """Open sessions whose clients do not read. They leave by a reset."""
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(count):
            client = wire.connect(stage.gateway, '/attacked', receive_buffer=4096,
                                  segment=attacks.SEGMENT)
            stack.callback(client.reset)
            clients.append(client)
        yield clients


@contextlib.contextmanager
def echoing(connection):
    """A thread echoes while the block runs."""
    connection.socket.settimeout(0.02)
    going_on = threading.Event()
    going_on.set()

    def echo():
        while going_on.is_set():
            with contextlib.suppress(socket.timeout):
                connection.send(connection.socket.recv(1 << 20))
    thread = threading.Thread(target=echo)
    thread.start()
    try:
        yield
    finally:
        going_on.clear()
        thread.join()


def tell(stage):
    state = stage.gateway.state()
    print(f'# {state["leases"]} leases for {state["queued_bytes"]} queued bytes; '
          f'{state["pings_in"]} pings, {state["pings_skipped"]} skipped', flush=True)
    return state


def expect_few_leases(stage):
    state = tell(stage)
    tap.check(state['leases'] < LEASES_MAX, f'{state["leases"]} leases for '
                                            f'{state["queued_bytes"]} queued bytes')


# Each costs the gateway that the test is made for a chunk of 16 KiB and a cell for its three bytes.
PAIRS = 18_000
ATTACK_SECONDS = 8


def echo_until_stopped(client, connection, pairs):
    """An empty ping and a message of one byte in turn; the backend's answer to one comes before
    the next is sent. Returns how many the gateway has taken."""
    pair = [frame(PING), frame(BINARY, b'x')]
    connection.socket.settimeout(0.5)
    end = time.monotonic() + ATTACK_SECONDS
    for number in range(pairs):
        try:
            for each in pair:
                client.socket.send(each)
            connection.socket.send(connection.socket.recv(1))
        except (BlockingIOError, socket.timeout):
            return number
        if time.monotonic() > end:
            return number
    return pairs


@beside.case('a client that sends in turn an empty ping and a message of one byte to an echo')
def zigzag(scale):
    @contextlib.contextmanager
    def attack(stage):
        with silent_readers(stage, 1) as [client], backend.accept() as connection:
            with echoing(connection):
                fill(stage, [client])
            taken = echo_until_stopped(client, connection, PAIRS // scale.divide)
            print(f'# {taken} pairs were taken', flush=True)
            yield
    with backends.Backend() as backend, \
            beside.stage(scale, attacked=backend.port, route={'attacked': attacks.COPIES}) as stage:
        stage.expect_unharmed(attack, expect_few_leases, grown_max=GROWN_MAX)


PINGERS = 125
# Four pongs of that size share a cell; half as many fill all 131,072 of the default.
PINGS = 8000


@beside.case(f'{PINGERS} clients that ping')
def pingers(scale):
    @contextlib.contextmanager
    def attack(stage):
        with silent_readers(stage, PINGERS) as clients:
            fill(stage, clients)
            sent = send_in_turn(clients, [frame(PING, bytes(122))], PINGS // scale.divide,
                                ATTACK_SECONDS)
            print(f'# {sent} pings were taken', flush=True)
            yield
    with backends.Echo() as echo, \
            beside.stage(scale, attacked=echo.port, route={'attacked': attacks.COPIES}) as stage:
        stage.expect_unharmed(attack, tell, grown_max=beside.pools_bytes(scale))


PIPELINED = 50_000
PIPELINE_SECONDS = 5


class Refuser:
    """A service that answers each handshake with a 404 and ends the connection."""

    def __init__(self):
        self.backend = backends.Backend(backlog=1024)
        self.port = self.backend.port
        self.answered = 0
        self.body = FILLING
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                try:
                    accepted, _ = self.backend.socket.accept()
                except socket.timeout:
                    continue
                with accepted, contextlib.suppress(OSError):
                    accepted.settimeout(1)
                    accepted.recv(65536)
                    accepted.sendall(b'HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n'
                                     % len(self.body) + self.body)
                    self.answered += 1

    def close(self):
        self.backend.socket.shutdown(socket.SHUT_RDWR)
        self.backend.close()
        self._thread.join(wire.SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@beside.case('a client that pipelines handshakes which its backend answers with 404')
def pipeliner(scale):
    @contextlib.contextmanager
    def attack(stage):
        request = wire.request('/attacked', key=KEY)
        with wire.Client(stage.gateway.address, receive_buffer=4096,
                                  segment=attacks.SEGMENT) as client:
            refuser.body = FILLING
            attacks.fill_socket(stage.gateway, lambda: client.send(request))
            refuser.body = b'no'
            client.socket.setblocking(False)
            rest = request * (PIPELINED // scale.divide)
            end = time.monotonic() + PIPELINE_SECONDS
            before = None
            while refuser.answered != before and time.monotonic() < end:
                before = refuser.answered
                with contextlib.suppress(BlockingIOError):
                    rest = rest[client.socket.send(rest):]
                time.sleep(0.25)
            print(f'# {refuser.answered} handshakes were answered', flush=True)
            yield
            client.reset()
    with Refuser() as refuser, \
            beside.stage(scale, attacked=refuser.port,
                         route={'attacked': {'mode': 'websocket', **attacks.COPIES}}) as stage:
        stage.expect_unharmed(attack, expect_few_leases, grown_max=GROWN_MAX)


if __name__ == '__main__':
    sys.exit(beside.main())
