#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The PROXY protocol, versions 1 and 2: taken from trusted proxies and from nobody else, sent to
backends in front of everything. The headers are built and read by the text of the specification
(haproxy.org, proxy-protocol.txt), with no code of the gateway's."""
import contextlib
import socket
import struct
import sys

import backends
import harness
import tap
import wire
from passing import read_request, socket_folder, switching, value
from wire import BINARY, frame

SIGNATURE = b'\r\n\r\n\0\r\nQUIT\n'
AUTHORITY = 2
KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
LISTENER = {'trusted_proxies': ['127.0.0.0/8', '::1'], 'proxy_protocol': 'required'}
REAL = '198.51.100.7'
REAL6 = '2001:db8::7'


def v2(command, family, block):
    return SIGNATURE + bytes([0x20 | command, family]) + struct.pack('!H', len(block)) + block


def addresses4(source=REAL, port=5678):
    return (socket.inet_aton(source) + socket.inet_aton('203.0.113.1') +
            struct.pack('!HH', port, 443))


def addresses6(source=REAL6):
    return (socket.inet_pton(socket.AF_INET6, source) +
            socket.inet_pton(socket.AF_INET6, '2001:db8::1') + struct.pack('!HH', 5678, 443))


def tlv(kind, data):
    return bytes([kind]) + struct.pack('!H', len(data)) + data


V1 = f'PROXY TCP4 {REAL} 203.0.113.1 5678 443\r\n'.encode()
V2 = v2(1, 0x11, addresses4())
# name: (header, address of the client that counts then, its end in the log; None: the connection's)
ACCEPTED = {
    'v1 of IPv4': (V1, REAL, f'{REAL}:5678'),
    'v1 of IPv6': (f'PROXY TCP6 {REAL6} 2001:db8::1 5678 443\r\n'.encode(), REAL6,
                   f'[{REAL6}]:5678'),
    'v1 of UNKNOWN': (b'PROXY UNKNOWN\r\n', None, None),
    'v1 of UNKNOWN with addresses': (b'PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n', None, None),
    'v2 of IPv4': (V2, REAL, f'{REAL}:5678'),
    'v2 of IPv6': (v2(1, 0x21, addresses6()), REAL6, f'[{REAL6}]:5678'),
    'v2 of LOCAL': (v2(0, 0x00, b''), None, None),
    'v2 of LOCAL with addresses': (v2(0, 0x11, addresses4()), None, None),
    'v2 of a unix socket': (v2(1, 0x31, bytes(216)), None, None),
    'v2 with an authority and 3,000 bytes of other TLVs':
        (v2(1, 0x11, addresses4() + tlv(AUTHORITY, b'app.example') + tlv(0xea, bytes(2994))),
         REAL, f'{REAL}:5678'),
}
REFUSED = {
    'no header': b'',
    'TLS': b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(32),
    'v1 in lower case': V1.lower(),
    'v1 with two spaces': V1.replace(b'TCP4 ', b'TCP4  '),
    'v1 with LF alone': V1.replace(b'\r\n', b'\n'),
    'v1 of a family that is none': V1.replace(b'TCP4', b'UDP4'),
    'v1 with an address of the other family': V1.replace(b'TCP4', b'TCP6'),
    'v1 with an address that is none': V1.replace(REAL.encode(), b'198.51.100.256'),
    'v1 with a port that is none': V1.replace(b'5678', b'65536'),
    'v1 with a zero in front of a port': V1.replace(b'5678', b'05678'),
    'v1 without a port': V1.replace(b' 443', b''),
    'v1 that is too long': b'PROXY UNKNOWN ' + b'x' * 200 + b'\r\n',
    'v2 of version 1': V2.replace(b'\x21\x11', b'\x11\x11'),
    'v2 with a command that is none': v2(2, 0x11, addresses4()),
    'v2 with too few bytes for its addresses': v2(1, 0x11, addresses4()[:-1]),
    'v2 with a TLV that ends behind it': v2(1, 0x11, addresses4() + b'\x02\x00\x05abc'),
    'v2 that is too long': v2(1, 0x11, addresses4() + tlv(0xea, bytes(60_000))),
    'a signature with one byte wrong': V2.replace(b'QUIT', b'QUIP'),
}


@contextlib.contextmanager
def played(mode='websocket', **options):
    with backends.Backend() as backend, \
            harness.Gateway(backend.port, route={'mode': mode}, **options) as gateway:
        yield gateway, backend


def opens(backend, client):
    """The backend's side of a handshake; the request that it got."""
    with backend.accept() as connection:
        request = read_request(connection)
        connection.send(switching(request))
        client.expect_101(KEY)
        client.send(frame(BINARY, b'hello', key=b'\0\0\0\0'))
        tap.equal(connection.take(11), frame(BINARY, b'hello', key=b'\0\0\0\0'))
        connection.half_close()
        client.expect_fin()
        client.close()
        connection.expect_all(b'')
    return request


# ---- Accepted -----------------------------------------------------------------------------------

def accepts(header, address, logged):
    with played(listener=LISTENER) as (gateway, backend):
        for in_pieces in (False, True):
            with wire.Client(gateway.address) as client:
                own = '%s:%d' % client.socket.getsockname()
                sent = header + wire.request(key=KEY, X_Forwarded_For='192.0.2.66')
                for piece in [sent[at:at + 1] for at in range(len(sent))] if in_pieces else [sent]:
                    client.send(piece)
                request = opens(backend, client)
            # A header that names nobody is no reason to believe what the request says.
            believed = '127.0.0.1' if address is None else address
            tap.equal(value(request, 'X-Forwarded-For'), believed, 'X-Forwarded-For')
            gateway.expect_end(reason='end', client=logged or own, upgraded=1)


for name, (bytes_sent, real_address, real_logged) in ACCEPTED.items():
    tap.case(f'a trusted proxy sends {name}', bytes_sent, real_address, real_logged)(accepts)


@tap.case('the same in tcp mode: the header is no message, the log has the client', V1)
@tap.case('the same in tcp mode with v2', V2)
def accepts_in_tcp_mode(header):
    with played('tcp', listener=LISTENER) as (gateway, backend), \
            wire.Client(gateway.address) as client:
        client.send(header + wire.request(key=KEY) + frame(BINARY, b'early'))
        client.expect_101(KEY)
        with backend.accept() as connection:
            tap.equal(connection.take(5), b'early')
            client.send(frame(wire.CLOSE, wire.close_payload(1000)))
            client.expect_close(1000)
            connection.expect_all(b'')
        client.expect_fin()
        client.close()
        gateway.expect_end(reason='close', client=f'{REAL}:5678')


@tap.case('sessions_per_address counts the clients that the proxy names, not the proxy')
def counts_real_addresses():
    with played(listener=LISTENER, limits={'sessions_per_address': 1}) as (gateway, backend), \
            contextlib.ExitStack() as stack:
        ends = []
        for source, status in [(REAL, 101), ('198.51.100.8', 101), (REAL, 429)]:
            client = stack.enter_context(wire.Client(gateway.address))
            client.send(v2(1, 0x11, addresses4(source)) + wire.request(key=KEY))
            if status != 101:
                client.expect_refusal(status)
                continue
            connection = stack.enter_context(backend.accept())
            connection.send(switching(read_request(connection)))
            client.expect_101(KEY)
            ends.append(connection)
        for connection in ends:
            connection.half_close()


# ---- Refused ------------------------------------------------------------------------------------

def expect_closed(client):
    """Not a byte, and the end, be it a reset."""
    with contextlib.suppress(ConnectionError):
        while client.receive():
            pass
    tap.equal(bytes(client.buffer), b'', 'what the client was told')


def send_some(client, data):
    with contextlib.suppress(ConnectionError):
        client.send(data)


def expect_refused(gateway, backend):
    end = gateway.expect_end(side='gateway', reason='proxy-header', upgraded=0)
    tap.equal(end['client'].rpartition(':')[0], '127.0.0.1', 'client')
    backend.socket.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        backend.socket.accept()
        raise AssertionError('the backend was dialled')
    backend.socket.settimeout(backends.SECONDS)


@tap.case('headers that are bad, or missing: the connection is closed without a word, at once and '
          'byte by byte')
def refuses_bad_headers():
    with played(listener=LISTENER) as (gateway, backend):
        for name, header in REFUSED.items():
            sent = header + wire.request(key=KEY)
            for pieces in ([sent], [sent[at:at + 1] for at in range(min(len(sent), 300))]):
                with wire.Client(gateway.address) as client:
                    tap.notes[:] = [f'header: {name}, {len(pieces)} pieces']
                    for piece in pieces:
                        send_some(client, piece)
                    if len(pieces) == 1 or len(sent) <= 300:
                        expect_closed(client)
                    client.close()
                if len(pieces) > 1 and len(sent) > 300:
                    gateway.next_end()
                    continue
                expect_refused(gateway, backend)
        tap.check(gateway.state()['proxy_headers_refused'] >= 2 * len(REFUSED) - 2, 'the counter')


@tap.case('somebody who is no trusted proxy is closed, whatever it sends', V1)
@tap.case('somebody who is no trusted proxy is closed, v2', V2)
@tap.case('somebody who is no trusted proxy is closed, no header', b'')
def refuses_untrusted(header):
    listener = {**LISTENER, 'trusted_proxies': ['10.0.0.0/8', '::1', '127.0.0.2']}
    with played(listener=listener) as (gateway, backend), wire.Client(gateway.address) as client:
        send_some(client, header + wire.request(key=KEY))
        expect_closed(client)
        client.close()
        expect_refused(gateway, backend)
        with wire.Client(gateway.address, bind=('127.0.0.2', 0)) as proxy:
            proxy.send(V1 + wire.request(key=KEY))
            opens(backend, proxy)
        gateway.expect_end(reason='end', client=f'{REAL}:5678')


@tap.case('a listener without proxy_protocol takes no header, also from a trusted proxy', V1)
@tap.case('a listener without proxy_protocol takes no header, v2', V2)
def refuses_unasked(header):
    listener = {'trusted_proxies': ['127.0.0.0/8']}
    with played(listener=listener) as (gateway, _), wire.Client(gateway.address) as client:
        client.send(header + wire.request(key=KEY))
        client.expect_refusal(400)


# ---- Sent ---------------------------------------------------------------------------------------

def take_v1(connection):
    line = bytearray()
    while not line.endswith(b'\r\n'):
        line += connection.take(1)
    return line[:-2].decode().split(' ')


def take_v2(connection):
    """(command, family, the addresses and ports, {TLV: value})."""
    tap.equal(connection.take(12), SIGNATURE, 'signature')
    command, family, size = struct.unpack('!BBH', connection.take(4))
    block = connection.take(size)
    width = {0x11: 4, 0x21: 16, 0x00: 0}[family]
    kind = socket.AF_INET if width == 4 else socket.AF_INET6
    where = [socket.inet_ntop(kind, block[at:at + width]) for at in (0, width)] if width else []
    at = 2 * width
    if width:
        where += list(struct.unpack('!HH', block[at:at + 4]))
        at += 4
    tlvs = {}
    while at < size:
        length = struct.unpack('!H', block[at + 1:at + 3])[0]
        tap.check(block[at] not in tlvs, f'TLV {block[at]} twice')
        tlvs[block[at]] = block[at + 3:at + 3 + length]
        at += 3 + length
    tap.equal(at, size, 'end of the TLVs')
    return command, family, where, tlvs


@contextlib.contextmanager
def announced(mode, version, header=b'', host='App.Example:8080', unix=None, **options):
    """(gateway, client's own port, backend's end): the client's handshake is sent."""
    backend = backends.UnixBackend(unix) if unix else backends.Backend()
    with backend, harness.Gateway(backend.port, route={'mode': mode},
                                  backend={'proxy_protocol': version}, **options) as gateway, \
            wire.Client(gateway.address) as client:
        client.send(header + wire.request(key=KEY, host=host))
        with backend.accept() as connection:
            yield gateway, client, connection
            if mode == 'websocket':
                request = read_request(connection)
                tap.equal(value(request, 'Host'), host, 'Host')
                connection.send(switching(request))
            client.expect_101(KEY)
            client.send(frame(BINARY, b'hello', key=b'\0\0\0\0'))
            wanted = b'hello' if mode == 'tcp' else frame(BINARY, b'hello', key=b'\0\0\0\0')
            tap.equal(connection.take(len(wanted)), wanted, 'what follows')
            client.socket.close()
            connection.expect_all(b'')


@tap.case('v1 is sent in front of all else, websocket mode', 'websocket')
@tap.case('v1 is sent in front of all else, tcp mode', 'tcp')
def sends_v1(mode):
    with announced(mode, 'v1') as (gateway, client, connection):
        own = client.socket.getsockname()[1]
        tap.equal(take_v1(connection),
                  ['PROXY', 'TCP4', '127.0.0.1', '127.0.0.1', str(own), str(gateway.port)])


@tap.case('v2 is sent in front of all else with the authority, websocket mode', 'websocket')
@tap.case('v2 is sent in front of all else with the authority, tcp mode', 'tcp')
def sends_v2(mode):
    with announced(mode, 'v2') as (gateway, client, connection):
        own = client.socket.getsockname()[1]
        tap.equal(take_v2(connection),
                  (0x21, 0x11, ['127.0.0.1', '127.0.0.1', own, gateway.port],
                   {AUTHORITY: b'App.Example:8080'}))


@tap.case('v2 of an IPv6 client', 'websocket')
@tap.case('v2 of an IPv6 client, tcp mode', 'tcp')
def sends_v2_of_ipv6(mode):
    with announced(mode, 'v2', address='[::1]:0', host='h') as (gateway, client, connection):
        own = client.socket.getsockname()[1]
        tap.equal(take_v2(connection), (0x21, 0x21, ['::1', '::1', own, gateway.port],
                                        {AUTHORITY: b'h'}))


@tap.case('what a proxy in front says is what the backend is told, v1', 'v1', 'websocket')
@tap.case('what a proxy in front says is what the backend is told, v2', 'v2', 'websocket')
@tap.case('the same in tcp mode, v1', 'v1', 'tcp')
@tap.case('the same in tcp mode, v2', 'v2', 'tcp')
def hands_on(version, mode):
    with announced(mode, version, V2, listener=LISTENER) as (_, _, connection):
        if version == 'v1':
            tap.equal(take_v1(connection)[:3], ['PROXY', 'TCP4', REAL])
        else:
            command, family, where, tlvs = take_v2(connection)
            tap.equal((command, family, where[0], where[2]), (0x21, 0x11, REAL, 5678))
            tap.equal(tlvs, {AUTHORITY: b'App.Example:8080'})


@tap.case('a server at unix:/path gets the header too, v1', 'v1')
@tap.case('a server at unix:/path gets the header too, v2', 'v2')
def sends_to_unix(version):
    with socket_folder() as folder, \
            announced('websocket', version, unix=f'{folder}/s') as (gateway, client, connection):
        own = client.socket.getsockname()[1]
        if version == 'v1':
            tap.equal(take_v1(connection),
                      ['PROXY', 'TCP4', '127.0.0.1', '127.0.0.1', str(own), str(gateway.port)])
        else:
            tap.equal(take_v2(connection)[2], ['127.0.0.1', '127.0.0.1', own, gateway.port])


if __name__ == '__main__':
    sys.exit(tap.main())
