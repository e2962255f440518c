# SPDX-License-Identifier: Apache-2.0
"""What attackers of several tests do: open sessions on the attacked route, fill sockets, push."""
import contextlib
import socket
import time

import passing
import wire
from scenes import KEY

SOCKET_BUFFER = 64 << 10
# Of Ethernet. With the 64 KiB of the loopback the kernel gives the gateway's side of a socket 2.6
# MB to send from: hundreds of sessions would fill the kernel's memory before the gateway's.
SEGMENT = 1460
# Through a pipe, what fills a socket would be in front of all that follows, outside of the buffers.
COPIES = {'splice': 'off'}
STILL_SECONDS = 0.4
PUSH_SECONDS = 20


def open_session(stage, backend, mode, **options):
    """(client, connection) on /attacked; a backend of mode "websocket" answers the handshake."""
    client = wire.Client(stage.gateway.address, **options)
    client.send(wire.request('/attacked', key=KEY))
    connection = backend.accept()
    if mode == 'websocket':
        connection.send(passing.switching(passing.read_request(connection)))
    client.expect_101(KEY)
    return client, connection


def shrink(backend):
    """Connections that it will accept have small sockets."""
    backend.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
    backend.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
    # WHY not the machine's: bbr paces what is left after a stall by some KiB a second (seen), and
    # so a session may take a minute for its backend's last bytes.
    backend.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b'reno')


@contextlib.contextmanager
def sessions(stage, backend, count, mode='tcp', receive_buffer=SOCKET_BUFFER):
    """[(client, connection)], with small sockets and non-blocking. Clients leave by a reset."""
    with contextlib.ExitStack() as stack:
        pairs = []
        for _ in range(count):
            pair = open_session(stage, backend, mode, receive_buffer=receive_buffer,
                                segment=SEGMENT)
            stack.callback(pair[0].reset)
            stack.callback(pair[1].close)
            for each in pair:
                each.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
                each.socket.setblocking(False)
            pairs.append(pair)
        yield pairs


def push_until_stalled(everybody, block):
    """Each end (a client or a connection) sends the next of `block`, over and over, until none has
    got on for a while. Returns how many bytes went."""
    offsets = dict.fromkeys([each.socket for each in everybody], 0)
    total, began = 0, time.monotonic()
    moved = began
    while time.monotonic() < min(moved + STILL_SECONDS, began + PUSH_SECONDS):
        before = total
        for each, offset in offsets.items():
            with contextlib.suppress(BlockingIOError):
                sent = each.send(memoryview(block)[offset:])
                offsets[each] = (offset + sent) % len(block)
                total += sent
        if total != before:
            moved = time.monotonic()
        else:
            time.sleep(0.02)
    return total


def queued_bytes(gateway):
    """What waits in the gateway, and has not only passed through when it was looked at."""
    counts = []
    for _ in range(2):
        time.sleep(0.03)
        counts.append(gateway.state()['queued_bytes'])
    return min(counts)


def fill_socket(gateway, send):
    """Calls `send`, which makes some KiB come to somebody who does not read, until that socket is
    full and all that follows waits in the gateway. Returns how often."""
    for number in range(200):
        if queued_bytes(gateway):
            return number
        send()
    raise AssertionError('the socket does not get full')
