# SPDX-License-Identifier: Apache-2.0
"""What refusals.py sends: requests that are refused, each with its answer, and odd ones that are
not."""
import collections

HEAD_MAX = 16384
FIELDS_MAX = 100
KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
HANDSHAKE = ['Host: h', 'Upgrade: websocket', 'Connection: Upgrade', f'Sec-WebSocket-Key: {KEY}',
             'Sec-WebSocket-Version: 13']
NAME_TOO_LONG = 'p' * 480

Row = collections.namedtuple('Row', 'name request status_line refusal headers')

STATUS_LINES = {
    400: 'HTTP/1.1 400 Bad Request',
    403: 'HTTP/1.1 403 Forbidden',
    404: 'HTTP/1.1 404 Not Found',
    405: 'HTTP/1.1 405 Method Not Allowed',
    408: 'HTTP/1.1 408 Request Timeout',
    413: 'HTTP/1.1 413 Content Too Large',
    426: 'HTTP/1.1 426 Upgrade Required',
    431: 'HTTP/1.1 431 Request Header Fields Too Large',
    500: 'HTTP/1.1 500 Internal Server Error',
    501: 'HTTP/1.1 501 Not Implemented',
    502: 'HTTP/1.1 502 Bad Gateway',
    503: 'HTTP/1.1 503 Service Unavailable',
    505: 'HTTP/1.1 505 HTTP Version Not Supported',
}
MORE_HEADERS = {
    405: {'allow': 'GET'},
    426: {'upgrade': 'websocket', 'sec-websocket-version': '13', 'connection': 'upgrade, close'},
    503: {'retry-after': '1'},
}


def head(*lines):
    """The lines, each with its end, and the blank line."""
    return b''.join(line.encode('latin-1') + b'\r\n' for line in (*lines, ''))


def ask(*more, line='GET /ws HTTP/1.1', without=''):
    """A good handshake, but for `line`, without the fields that begin with `without`, with `more`
    behind the others."""
    kept = [field for field in HANDSHAKE if not without or not field.startswith(without)]
    return head(line, *kept, *more)


def of_length(size):
    """A good handshake of so many bytes."""
    return ask('X: ' + 'x' * (size - len(ask('X: '))))


def row(status, refusal, name, request):
    headers = {'content-type': 'text/plain; charset=utf-8', 'connection': 'close',
               **MORE_HEADERS.get(status, {})}
    return Row(name, request, STATUS_LINES[status], refusal, headers)


BYTES = [
    row(400, 'kLooksLikeTls', 'a TLS ClientHello', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
    row(400, 'kBareCarriageReturn', 'a bare CR in a target', ask(line='GET /w\rs HTTP/1.1')),
    row(400, 'kBareCarriageReturn', 'a bare CR in a value', ask('A: b\rc')),
    row(400, 'kBareCarriageReturn', 'CR CR LF', ask('A: b\r')),
    row(400, 'kBareLineFeed', 'a request line that ends with LF', ask().replace(b'1.1\r', b'1.1')),
    row(400, 'kBareLineFeed', 'a field that ends with LF', ask('A: b\nC: d')),
    row(400, 'kBareLineFeed', 'a blank line of LF', ask()[:-2] + b'\n'),
    row(400, 'kControlByte', 'NUL in a target', ask(line='GET /\0 HTTP/1.1')),
    row(400, 'kControlByte', 'DEL in a target', ask(line='GET /\x7f HTTP/1.1')),
    row(400, 'kControlByte', 'NUL in a value', ask('A: \0')),
    row(400, 'kControlByte', 'ESC in a value', ask('A: \x1b[2J')),
    row(400, 'kControlByte', 'a control byte in a name', ask('A\x01: b')),
    row(400, 'kRequestLineNotAscii', 'high-bit bytes in a target',
        ask(line='GET /\xc3\xa4 HTTP/1.1')),
    row(400, 'kRequestLineNotAscii', 'a high-bit byte in a method',
        ask(line='G\xcbT /ws HTTP/1.1')),
    row(400, 'kRequestLineMalformed', 'HTTP/0.9', b'GET /ws\r\n\r\n'),
    row(400, 'kRequestLineMalformed', 'two spaces', ask(line='GET  /ws HTTP/1.1')),
    row(400, 'kRequestLineMalformed', 'a space behind the version', ask(line='GET /ws HTTP/1.1 ')),
    row(400, 'kRequestLineMalformed', 'a tab for a space', ask(line='GET\t/ws HTTP/1.1')),
    row(400, 'kRequestLineMalformed', 'a method that is no token', ask(line='G(T /ws HTTP/1.1')),
    row(400, 'kRequestLineMalformed', 'no method', ask(line=' /ws HTTP/1.1')),
    row(400, 'kRequestLineMalformed', 'another protocol', ask(line='GET /ws RTSP/1.0')),
    row(400, 'kRequestLineMalformed', 'two empty lines in front', b'\r\n\r\n' + ask()),
    row(505, 'kVersionNotSupported', 'HTTP/2.0', ask(line='GET /ws HTTP/2.0')),
    row(505, 'kVersionNotSupported', 'the preface of HTTP/2', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    row(400, 'kFoldedLine', 'a folded field', ask('A: b', ' c')),
    row(400, 'kFoldedLine', 'a field folded by a tab', ask('A: b', '\tc')),
    row(400, 'kFoldedLine', 'a folded Transfer-Encoding', ask('Transfer-Encoding:', ' chunked')),
    row(400, 'kSpaceBeforeColon', 'a space before a colon', ask('A : b')),
    row(400, 'kFieldWithoutColon', 'a field without a colon', ask('Abc')),
    row(400, 'kFieldNameMalformed', 'a name that is no token', ask('A(b): c')),
    row(400, 'kFieldNameMalformed', 'a high-bit byte in a name', ask('\xc3: c')),
    row(400, 'kFieldNameMalformed', 'no name', ask(': c')),
    row(431, 'kTooManyFields', '101 fields', ask(*['A: b'] * (FIELDS_MAX + 1 - len(HANDSHAKE)))),
    row(431, 'kHeadTooLong', 'a head of one byte too many', of_length(HEAD_MAX + 1)),
    row(431, 'kHeadTooLong', 'a target without end', b'GET /' + b'a' * HEAD_MAX),
    row(431, 'kHeadTooLong', 'a field without end', b'GET /ws HTTP/1.1\r\nA: ' + b'a' * HEAD_MAX),
]

FIELDS = [
    row(400, 'kConnectionMalformed', 'a Connection that is no list', ask('Connection: a b')),
    row(400, 'kHostMissing', 'no Host', ask(without='Host')),
    row(400, 'kHostRepeated', 'two Hosts', ask('Host: h')),
    row(400, 'kHostMalformed', 'an empty Host', ask('Host:', without='Host')),
    row(400, 'kHostMalformed', 'a Host with a user', ask('Host: u@h', without='Host')),
    row(400, 'kHostMalformed', 'a Host with high-bit bytes', ask('Host: \xc3\xa4', without='Host')),
    row(400, 'kHostMalformed', 'a Host that is a list', ask('Host: h, i', without='Host')),
    row(400, 'kOriginRepeated', 'two Origins', ask('Origin: http://a', 'Origin: http://a')),
    row(400, 'kContentLengthRepeated', 'two lengths',
        ask('Content-Length: 0', 'Content-Length: 0')),
    row(400, 'kContentLengthMalformed', 'a list of lengths', ask('Content-Length: 5, 5')),
    row(400, 'kContentLengthMalformed', 'a negative length', ask('Content-Length: -1')),
    row(400, 'kContentLengthMalformed', 'a length of 65 bits',
        ask('Content-Length: 18446744073709551616')),
    row(400, 'kContentLengthMalformed', 'a length behind chunked',
        ask('Transfer-Encoding: chunked', 'Content-Length: 5')),
    row(400, 'kTransferEncoding', 'chunked', ask('Transfer-Encoding: chunked') + b'0\r\n\r\n'),
    row(400, 'kTransferEncoding', 'a coding that nobody knows', ask('Transfer-Encoding: gzip')),
    row(413, 'kBodyNotAccepted', 'an upgrade with a body', ask('Content-Length: 5') + b'hello'),
    row(413, 'kBodyNotAccepted', 'a GET with a body', head('GET /ws HTTP/1.1', 'Host: h',
                                                           'Content-Length: 1') + b'x'),
    row(413, 'kBodyNotAccepted', 'a body that never comes', ask('Content-Length: 99999999')),
    row(413, 'kBodyNotAccepted', 'HEAD with a body', head('HEAD /ws HTTP/1.1', 'Host: h',
                                                          'Content-Length: 1') + b'x'),
    row(400, 'kTargetForm', 'OPTIONS *', ask(line='OPTIONS * HTTP/1.1')),
    row(400, 'kTargetForm', 'CONNECT', ask(line='CONNECT h:443 HTTP/1.1')),
    row(400, 'kTargetForm', 'a target without its slash', ask(line='GET ws HTTP/1.1')),
    row(400, 'kTargetForm', 'a target with another scheme', ask(line='GET ftp://h/ws HTTP/1.1')),
    row(400, 'kTargetFragment', 'a fragment', ask(line='GET /ws#a HTTP/1.1')),
    row(400, 'kTargetHostMalformed', 'a target with a user',
        ask(line='GET http://u@h/ws HTTP/1.1')),
]

UPGRADES = [
    row(404, 'kRouteMissing', 'another path', ask(line='GET /other HTTP/1.1')),
    row(404, 'kRouteMissing', 'another path, HEAD', head('HEAD /other HTTP/1.1', 'Host: h')),
    row(405, 'kUpgradeMethod', 'POST with Upgrade', ask(line='POST /ws HTTP/1.1')),
    row(405, 'kUpgradeMethod', 'HEAD with Upgrade', ask(line='HEAD /ws HTTP/1.1')),
    row(405, 'kUpgradeMethod', 'POST', head('POST /ws HTTP/1.1', 'Host: h', 'Content-Length: 2') +
        b'{}'),
    row(405, 'kUpgradeMethod', 'TRACE', head('TRACE /ws HTTP/1.1', 'Host: h')),
    row(405, 'kUpgradeMethod', 'PROPFIND', head('PROPFIND /ws HTTP/1.1', 'Host: h')),
    row(501, 'kMethodUnknown', 'a method that nobody knows', head('BREW /ws HTTP/1.1', 'Host: h')),
    row(501, 'kMethodUnknown', 'a method in lower case', ask(line='get /ws HTTP/1.1')),
    row(505, 'kUpgradeVersion', 'a handshake over HTTP/1.0', ask(line='GET /ws HTTP/1.0')),
    row(505, 'kUpgradeVersion', 'the same without Upgrade, as nginx passes it on',
        ask(line='GET /ws HTTP/1.0', without='Upgrade')),
    row(426, 'kUpgradeMissing', 'GET over HTTP/1.0', head('GET /ws HTTP/1.0')),
    row(426, 'kUpgradeMissing', 'GET', head('GET /ws HTTP/1.1', 'Host: h')),
    row(426, 'kUpgradeMissing', 'HEAD', head('HEAD /ws HTTP/1.1', 'Host: h')),
    row(426, 'kUpgradeMissing', 'HEAD behind an empty line',
        head('', 'HEAD /ws HTTP/1.1', 'Host: h')),
    row(426, 'kUpgradeMissing', 'an upgrade to h2c', ask('Upgrade: h2c', without='Upgrade')),
    row(400, 'kUpgradeNotInConnection', 'no Connection', ask(without='Connection')),
    row(400, 'kWebSocketVersionRepeated', 'two versions', ask('Sec-WebSocket-Version: 13')),
    row(426, 'kWebSocketVersion', 'version 8',
        ask('Sec-WebSocket-Version: 8', without='Sec-WebSocket-Version')),
    row(426, 'kWebSocketVersion', 'no version', ask(without='Sec-WebSocket-Version')),
    row(400, 'kWebSocketKeyMissing', 'no key', ask(without='Sec-WebSocket-Key')),
    row(400, 'kWebSocketKeyRepeated', 'two keys', ask(f'Sec-WebSocket-Key: {KEY}')),
    *[row(400, 'kWebSocketKeyMalformed', name,
          ask(f'Sec-WebSocket-Key: {key}', without='Sec-WebSocket-Key'))
      for name, key in (('an empty key', ''), ('a key of 15 bytes', 'dGhlIHNhbXBsZSBub25j'),
                        ('a key of 17 bytes', 'dGhlIHNhbXBsZSBub25jZWQ='),
                        ('a key of 18 bytes', 'dGhlIHNhbXBsZSBub25jZWVl'),
                        ('a key without padding', KEY[:-2]),
                        ('a key in the alphabet of URLs', 'dGhlIHNhbXBsZSBub25_ZQ=='))],
    row(400, 'kSubprotocolMalformed', 'a subprotocol with a space',
        ask('Sec-WebSocket-Protocol: a b')),
    row(400, 'kSubprotocolMissing', 'a list of no subprotocol', ask('Sec-WebSocket-Protocol:')),
    row(400, 'kExtensionsMalformed', 'an extension with an open quote',
        ask('Sec-WebSocket-Extensions: a; b="c')),
    row(400, 'kExtensionsMalformed', 'a list of no extension', ask('Sec-WebSocket-Extensions:')),
    row(400, 'kSubprotocolRepeated', 'a subprotocol twice', ask('Sec-WebSocket-Protocol: a, a')),
    row(400, 'kSubprotocolsTooMany', '33 subprotocols',
        ask('Sec-WebSocket-Protocol: ' + ', '.join(f'p{number}' for number in range(33)))),
    row(400, 'kListFieldsTooMany', '9 lists of subprotocols',
        ask(*[f'Sec-WebSocket-Protocol: p{number}' for number in range(9)])),
    row(403, 'kOriginNotAllowed', 'another origin',
        ask('Origin: https://evil.example', line='GET /origin HTTP/1.1')),
    row(500, 'kSubprotocolTooLong', 'a subprotocol that fits into no answer',
        ask(f'Sec-WebSocket-Protocol: {NAME_TOO_LONG}', line='GET /long HTTP/1.1')),
    row(502, 'the backend refused the connection', 'a backend that is not there',
        ask(line='GET /dead HTTP/1.1')),
]

TOO_SLOW = [
    row(408, 'kHeadTooSlow', 'an empty line', b'\r\n'),
    row(408, 'kHeadTooSlow', 'half a head', ask()[:-2]),
    row(408, 'kHeadTooSlow', 'half a head, HEAD', b'HEAD /ws HTTP/1.1\r\nHost: h\r\n'),
]

BACKEND_TOO_SLOW = [
    row(502, 'kBackendTooSlow', 'a backend that does not answer', ask()),
    row(502, 'kBackendTooSlow', 'a backend that does not answer; bytes like HEAD behind the GET',
        ask() + b'HEAD /ws HTTP/1.1\r\n'),
]

SERVERS_FULL = [
    row(503, 'kServersFull', 'a session more than every server may have', ask()),
]

NO_SERVER_HEALTHY = [
    row(503, 'kNoServerHealthy', 'a backend that probes call down', ask()),
]

ACCEPTED = [
    ('the longest head', of_length(HEAD_MAX)),
    ('100 fields', ask(*['A: b'] * (FIELDS_MAX - len(HANDSHAKE)))),
    ('an empty line in front', b'\r\n' + ask()),
    ('an absolute target', ask(line='GET http://h/ws HTTP/1.1')),
    ('an absolute target in capitals', ask(line='GET HTTP://H/ws HTTP/1.1')),
    ('a query', ask(line='GET /ws?a=%20&b HTTP/1.1')),
    ('high-bit bytes in a value', ask('A: \xc3\xa4')),
    ('white space around values', ask('Host: \t h \t', 'A:', 'B:\t', without='Host')),
    ('no white space', ask().replace(b': ', b':')),
    ('names and words in another case', ask().replace(b'Upgrade: websocket', b'UPGRADE: WebSocket')
     .replace(b'Connection: Upgrade', b'cONNECTION: uPGRADE')),
    ('lists', ask('Upgrade: h2c, websocket', 'Connection: keep-alive', 'Connection: , Upgrade,',
                  without='Upgrade')),
    ('a length of nothing', ask('Content-Length: 0')),
    ('a key whose spare bits are set', ask('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==',
                                           without='Sec-WebSocket-Key')),
    ('HTTP/1.2', ask(line='GET /ws HTTP/1.2')),
    ('an extension', ask('Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits')),
    ('8 lists of subprotocols',
     ask(*[f'Sec-WebSocket-Protocol: p{number}' for number in range(8)])),
]
