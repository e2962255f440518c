# SPDX-License-Identifier: Apache-2.0
"""Known tricks of request smuggling, each with what has to become of it at a route of mode
"websocket": refused with a status and never seen by the backend, or forwarded as one request that
has one reading."""
import collections

from refusals_table import KEY, ask, head

# status: of the refusal; None: forwarded, then `has` are fields that the backend has to get and
# `lacks` are bytes (in any case) that it must not.
Row = collections.namedtuple('Row', 'name request status has lacks', defaults=((), ()))

# What the attacker wants a backend to take for a request of its own.
INNER = b'GET /admin HTTP/1.1\r\nHost: h\r\nX-Smuggled: 1\r\n\r\n'
CHUNKED = b'0\r\n\r\n' + INNER
OURS = ('X-Forwarded-For', '127.0.0.1')
FORWARDED = ('Forwarded', 'for=127.0.0.1;host=h;proto=http')


def refused(status, name, request):
    return Row(name, request, status)


def forwarded(name, request, has=(), lacks=()):
    return Row(name, request, None, tuple(has), tuple(lacks))


def with_host(*lines):
    """A handshake whose Host is among `lines`, or nowhere."""
    return ask(*lines, without='Host')


BODIES = [
    refused(400, 'Content-Length and Transfer-Encoding',
            ask(f'Content-Length: {len(CHUNKED)}', 'Transfer-Encoding: chunked') + CHUNKED),
    refused(400, 'Transfer-Encoding and Content-Length',
            ask('Transfer-Encoding: chunked', 'Content-Length: 4') + b'31\r\n' + CHUNKED),
    refused(400, 'Content-Length: 0 and Transfer-Encoding',
            ask('Content-Length: 0', 'Transfer-Encoding: chunked') + CHUNKED),
    *[refused(400, f'the Transfer-Encoding {value!r}',
              ask(f'Transfer-Encoding: {value}') + CHUNKED)
      for value in ('chunked', 'identity', 'xchunked', 'chunked, identity', 'identity, chunked',
                    '"chunked"', 'chunked;q=1', 'CHUNKED', '', ',chunked', 'chunk\xe9d',
                    'chunked\x0b', '\x0bchunked', 'chunked\x00')],
    refused(400, 'two Transfer-Encodings',
            ask('Transfer-Encoding: identity', 'Transfer-Encoding: chunked') + CHUNKED),
    refused(400, 'a Transfer-Encoding named in Connection',
            ask('Connection: Transfer-Encoding', 'Transfer-Encoding: chunked') + CHUNKED),
    refused(400, 'a space behind Transfer-Encoding', ask('Transfer-Encoding : chunked') + CHUNKED),
    refused(400, 'a tab behind Transfer-Encoding', ask('Transfer-Encoding\t: chunked') + CHUNKED),
    refused(400, 'NUL in Transfer-Encoding', ask('Transfer\0-Encoding: chunked') + CHUNKED),
    refused(400, 'a high byte in Transfer-Encoding',
            ask('Transfer-Encoding\xa0: chunked') + CHUNKED),
    refused(400, 'a folded Transfer-Encoding', ask('Transfer-Encoding:', ' chunked') + CHUNKED),
    refused(400, 'Transfer-Encoding behind a bare LF',
            ask('X: y\nTransfer-Encoding: chunked') + CHUNKED),
    refused(400, 'Transfer-Encoding behind a bare CR',
            ask('X: y\rTransfer-Encoding: chunked') + CHUNKED),
    forwarded('Transfer_Encoding', ask('Transfer_Encoding: chunked') + CHUNKED,
              lacks=[b'encoding', b'chunked', b'smuggled']),
    refused(400, 'two lengths that differ',
            ask('Content-Length: 0', f'Content-Length: {len(INNER)}') + INNER),
    refused(400, 'two lengths that are equal', ask('Content-Length: 0', 'Content-Length: 0')),
    *[refused(400, f'the Content-Length {value!r}', ask(f'Content-Length: {value}') + INNER)
      for value in ('0, 0', '0,60', '-1', '+0', '0x0', '1e0', '0.0', '0 0', '"0"', '0;a', '\xb2',
                    '99999999999999999999999', '')],
    refused(413, 'a body on an upgrade', ask(f'Content-Length: {len(INNER)}') + INNER),
    refused(413, 'a body on an upgrade, its length with zeros in front',
            ask(f'Content-Length: 00{len(INNER)}') + INNER),
    refused(400, 'a space behind Content-Length', ask('Content-Length : 5') + b'hello'),
    forwarded('Content-Length: 0', ask('Content-Length: 0'), lacks=[b'content']),
    forwarded('Content_Length', ask('Content_Length: 5'), lacks=[b'content']),
    forwarded('Expect: 100-continue', ask('Expect: 100-continue'), lacks=[b'expect']),
]

LINES = [
    refused(400, 'LF at the end of each line', ask().replace(b'\r\n', b'\n')),
    refused(400, 'LF behind the request line', ask().replace(b'1.1\r\n', b'1.1\n')),
    refused(400, 'LF behind a field', ask('A: b\nC: d')),
    refused(400, 'LF for the blank line', ask()[:-2] + b'\n' + INNER),
    refused(400, 'a bare CR in a value', ask('A: b\rHost: evil')),
    refused(400, 'CR CR LF', ask('A: b\r')),
    refused(400, 'CR CR LF for the blank line', ask()[:-2] + b'\r\r\n' + INNER),
    refused(400, 'a blank line that is a space', ask()[:-2] + b' \r\n\r\n'),
    refused(400, 'a folded value', ask('A: b', ' Host: evil')),
    refused(400, 'a value folded by a tab', ask('A: b', '\tHost: evil')),
    refused(400, 'a fold behind the request line', with_host(' Host: evil')),
    refused(400, 'a space in front of a field', ask(line='GET /ws HTTP/1.1\r\n X: y')),
    refused(400, 'two empty lines in front', b'\r\n\r\n' + ask()),
    refused(400, 'LF in front', b'\n' + ask()),
    forwarded('an empty line in front', b'\r\n' + ask()),
    refused(400, 'a space behind Host', with_host('Host : evil')),
    refused(400, 'a second Host with a space behind it', ask('Host : evil')),
    refused(400, 'a field without a name', ask(': x')),
    refused(400, 'a field without a colon', ask('Host')),
    refused(400, 'NUL in a value', ask('A: b\0c')),
    refused(400, 'NUL in a name', ask('Ho\0st: evil')),
    refused(400, 'NUL in the target', ask(line='GET /ws\0 HTTP/1.1')),
    refused(400, 'DEL in a value', ask('A: \x7f')),
    refused(400, 'ESC in a value', ask('A: \x1b[2J')),
    refused(400, 'a vertical tab in a value', ask('A: \x0bb')),
    refused(400, 'a high byte in a name', ask('H\xf6st: evil')),
    refused(400, 'a high byte in the target', ask(line='GET /ws\xa0 HTTP/1.1')),
    forwarded('high bytes in a value', ask('A: \xff\x85\xa0'), has=[('A', '\xff\x85\xa0')]),
    forwarded('names in another case', ask().replace(b'Host', b'hOST')
              .replace(b'Upgrade: websocket', b'uPGRADE: WebSocket')),
    forwarded('white space around a value', with_host('Host: \t h \t'), has=[('Host', 'h')]),
    forwarded('no white space behind colons', ask().replace(b': ', b':')),
]

TARGETS = [
    forwarded('an absolute target', ask(line='GET http://h/ws HTTP/1.1'), has=[('Host', 'h')],
              lacks=[b'http://']),
    forwarded('an absolute target in capitals', ask(line='GET HTTP://H/ws HTTP/1.1'),
              lacks=[b'http://']),
    forwarded('an absolute target of https', ask(line='GET https://h/ws?a HTTP/1.1'),
              lacks=[b'https://']),
    forwarded('an absolute target of another host', ask(line='GET http://evil/ws HTTP/1.1'),
              has=[('Host', 'evil')], lacks=[b'http://']),
    forwarded('an absolute target of another port', ask(line='GET http://h:81/ws HTTP/1.1'),
              has=[('Host', 'h:81')]),
    forwarded('an absolute target of ws', ask(line='GET ws://h/ws HTTP/1.1'), lacks=[b'ws://']),
    refused(400, 'an absolute target with a user', ask(line='GET http://h@evil/ws HTTP/1.1')),
    refused(400, 'an absolute target that hides a user',
            ask(line='GET http://evil\\@h/ws HTTP/1.1')),
    refused(400, 'an absolute target without a host', ask(line='GET http:///ws HTTP/1.1')),
    refused(400, 'an absolute target without Host', with_host().replace(b'/ws', b'http://h/ws')),
    refused(404, 'a target of two slashes', ask(line='GET //evil/ws HTTP/1.1')),
    forwarded('a path that goes up', ask(line='GET /x/../ws HTTP/1.1'), lacks=[b'..']),
    forwarded('a path with a percent-encoded byte', ask(line='GET /%77s HTTP/1.1'), lacks=[b'%77']),
    refused(400, 'a path with a parameter', ask(line='GET /ws;a=b HTTP/1.1')),
    refused(400, 'a path with NUL percent-encoded', ask(line='GET /ws%00 HTTP/1.1')),
    refused(400, 'a fragment', ask(line='GET /ws#/admin HTTP/1.1')),
    refused(400, 'authority-form', ask(line='GET h:80 HTTP/1.1')),
    refused(400, 'asterisk-form', ask(line='GET * HTTP/1.1')),
    refused(400, 'CONNECT', ask(line='CONNECT h:80 HTTP/1.1')),
    refused(400, 'a version behind the version', ask(line='GET /ws HTTP/1.1 HTTP/1.1')),
    refused(400, 'a space in the target', ask(line='GET /ws /admin HTTP/1.1')),
    refused(400, 'a tab for a space', ask(line='GET\t/ws\tHTTP/1.1')),
    refused(400, 'HTTP/0.9', b'GET /ws\r\n' + INNER),
    refused(505, 'HTTP/1.0', ask(line='GET /ws HTTP/1.0')),
    refused(501, 'a method of one letter too many', ask(line='GETT /ws HTTP/1.1')),
    refused(505, 'HTTP/2.0', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    forwarded('a query that looks like more', ask(line='GET /ws?a=%0d%0aHost:%20evil HTTP/1.1'),
              has=[('Host', 'h')]),
]

METHODS = [
    refused(405, 'POST', ask('Content-Length: 0', line='POST /ws HTTP/1.1')),
    refused(501, 'get', ask(line='get /ws HTTP/1.1')),
    refused(405, 'POST with a body', ask(f'Content-Length: {len(INNER)}',
                                         line='POST /ws HTTP/1.1') + INNER),
    refused(426, 'h2c', ask('Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
                            'Connection: Upgrade, HTTP2-Settings', without='Upgrade')),
    forwarded('h2c beside websocket', ask(
        'Upgrade: h2c, websocket', 'HTTP2-Settings: AAMAAABk', 'Connection: HTTP2-Settings',
        without='Upgrade'), lacks=[b'h2c', b'http2']),
    forwarded('h2c in a second Upgrade', ask('Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
              lacks=[b'h2c', b'http2']),
    refused(426, 'the old draft of a version', ask('Sec-WebSocket-Version: 8',
                                                   without='Sec-WebSocket-Version')),
    refused(426, 'an upgrade that the backend would refuse, so that a proxy believes in one',
            ask('Sec-WebSocket-Version: 777', without='Sec-WebSocket-Version') + INNER),
    refused(400, 'two versions', ask('Sec-WebSocket-Version: 12')),
    refused(400, 'two keys', ask(f'Sec-WebSocket-Key: {KEY}')),
    refused(400, 'no Connection: Upgrade', ask(without='Connection')),
]

HOSTS = [
    refused(400, 'two Hosts', ask('Host: evil')),
    refused(400, 'two Hosts in another case', ask('HOST: evil')),
    refused(400, 'two Hosts that are equal', ask('Host: h')),
    refused(400, 'no Host', with_host()),
    *[refused(400, f'the Host {value!r}', with_host(f'Host: {value}'))
      for value in ('', 'h, evil', 'h evil', 'u@h', 'h/evil', 'h?', 'h#', 'h\\evil', 'h:80:81',
                    'h:port', '[::1', 'h\xe4', 'h:99999')],
    forwarded('X-Forwarded-Host', ask('X-Forwarded-Host: evil', 'X-Host: kept'),
              has=[('X-Forwarded-Host', 'h'), ('Host', 'h'), ('X-Host', 'kept')], lacks=[b'evil']),
]

OPTIONS = [
    *[forwarded(f'Connection names {name}', ask(f'Connection: {name}, Keep-Alive'),
                has=[OURS, FORWARDED, ('Host', 'h'), ('Sec-WebSocket-Key', KEY),
                     ('Sec-WebSocket-Version', '13')])
      for name in ('X-Forwarded-For', 'Forwarded', 'Host', 'Sec-WebSocket-Key',
                   'Sec-WebSocket-Version', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'Upgrade',
                   'x-FORWARDED-for', 'X_Forwarded_For', 'Connection')],
    forwarded('Connection names Origin', ask('Connection: Origin', 'Origin: https://a.example'),
              has=[('Origin', 'https://a.example')]),
    forwarded('Connection names a field of its own', ask('Connection: X-Hop', 'X-Hop: secret'),
              lacks=[b'x-hop', b'secret']),
    forwarded('Connection: close', ask('Connection: close'), lacks=[b'close']),
    refused(400, 'Connection is no list', ask('Connection: X-Forwarded-For Host')),
    refused(431, 'Connection names 40 fields',
            ask('Connection: ' + ', '.join(f'x{number}' for number in range(40)))),
    forwarded('fields of one hop', ask('Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive',
                                       'Proxy-Authorization: Basic c2VjcmV0', 'TE: trailers',
                                       'Trailer: X', 'Proxy: http://evil/'),
              lacks=[b'keep-alive', b'proxy-', b'c2vjcmv0', b'\r\nte:', b'trailer', b'evil']),
]

NAMES = [
    *[forwarded(f'{name} of an untrusted client', ask(f'{name}: 192.0.2.66'),
                has=[OURS, FORWARDED], lacks=[b'192.0.2.66'])
      for name in ('X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'Forwarded',
                   'X-Forwarded-Port', 'X-Forwarded-Client-Cert', 'X-Real-IP', 'X_Forwarded_For',
                   'X-Client-IP', 'True-Client-IP', 'X-Original-URL', 'X-Rewrite-URL',
                   'X_Original_URL',
                   'X-Forwarded_For', 'x_forwarded-for', 'X_Real_IP', 'X.Forwarded.For',
                   'X~Forwarded~For', 'X_Forwarded_Port')],
    forwarded('X-Forwarded-For three times', ask(*['X-Forwarded-For: 192.0.2.66'] * 3),
              has=[OURS], lacks=[b'192.0.2.66']),
    forwarded('a Forwarded with an open quote', ask('Forwarded: for="192.0.2.66'),
              has=[FORWARDED], lacks=[b'192.0.2.66']),
    forwarded('underscores in names of the handshake',
              ask('Sec_WebSocket_Protocol: evil', 'Transfer_Encoding: evil', 'Connection_: kept'),
              has=[('Connection_', 'kept')], lacks=[b'evil']),
    forwarded('an underscore in a name that means nothing', ask('X_Own: kept'),
              has=[('X_Own', 'kept')]),
]

SECTIONS = {'bodies that two readers see differently': BODIES, 'lines and bytes': LINES,
            'targets': TARGETS, 'methods and upgrades': METHODS, 'Host': HOSTS,
            'options of Connection': OPTIONS, 'names that others claim': NAMES}


def request_behind(host='second'):
    """Another good handshake."""
    return head('GET /ws HTTP/1.1', f'Host: {host}', 'Upgrade: websocket', 'Connection: Upgrade',
                f'Sec-WebSocket-Key: {KEY}', 'Sec-WebSocket-Version: 13')
