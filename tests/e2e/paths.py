#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Paths mean one thing, in each mode alike: a path is read once, in normal form, and that is
matched, forwarded and looked up as a file. Where somebody behind the gateway might read it so that
another route had been the right one, it is refused."""
import contextlib
import sys

import backends
import harness
import static_site as static
import tap
import wire
from passing import read_answer, read_request
from refusals_table import ask

# Below a folder that everybody may see lies one that is guarded: which of them a path leads to, in
# which normal form; or what is said of it.
GUARDED, OPEN = 'guarded', 'open'
FORMS = [
    ('/guarded/x', GUARDED, '/guarded/x'),
    ('/%67uarded/x', GUARDED, '/guarded/x'),
    ('/guarde%64/%78', GUARDED, '/guarded/x'),
    ('/./guarded/x', GUARDED, '/guarded/x'),
    ('/y/../guarded/x', GUARDED, '/guarded/x'),
    ('/y/%2e%2E/guarded/x', GUARDED, '/guarded/x'),
    ('/guarded/y/../x', GUARDED, '/guarded/x'),
    ('/guarded//x', GUARDED, '/guarded//x'),
    ('/guarded/a%2Fb', GUARDED, '/guarded/a%2Fb'),
    ('/x', OPEN, '/x'),
    ('/guarded/../x', OPEN, '/x'),
    ('/Guarded/x', OPEN, '/Guarded/x'),
    ('/guarded', OPEN, '/guarded'),
    ('/a%20b', OPEN, '/a%20b'),
    ('/group%2Fproject', OPEN, '/group%2Fproject'),
    ('/%2f/queue', OPEN, '/%2f/queue'),
    ('/https://example.com/a', OPEN, '/https://example.com/a'),
    ('/a;v=1/b', OPEN, '/a;v=1/b'),
    ('/a%5Cb', OPEN, '/a%5Cb'),
    ('/100%2541', OPEN, '/100%2541'),
    ('//guarded/x', "'//' in the path is read differently by others", None),
    ('/y//../guarded/x', "'//' in the path is read differently by others", None),
    ('/guarded%2fx', "'%2f' in the path is read differently by others", None),
    ('/y%2F..%2Fguarded%2Fx', "'%2f' in the path is read differently by others", None),
    ('/guarded;a=b/x', "';' in the path is read differently by others", None),
    ('/y/..;/guarded/x', "';' in the path is read differently by others", None),
    ('/guarded/..;/x', "';' in the path is read differently by others", None),
    ('/guarded%5Cx', "'%5c' in the path is read differently by others", None),
    ('/y%5c..%5cguarded%5cx', "'%5c' in the path is read differently by others", None),
    ('/%2567uarded/x', "'%25' before an escape in the path is read differently by others", None),
    ('/y/%252e%252e/guarded/x',
     "'%25' before an escape in the path is read differently by others", None),
    ('/guarded%3bx/y', "'%3b' in the path is read differently by others", None),
    ('/a%00', "the path has a NUL byte ('%00')", None),
    ('/a%', "a '%' in the path without two hexadecimal digits behind it", None),
    ('/a%2', "a '%' in the path without two hexadecimal digits behind it", None),
    ('/a%zz/../x', "a '%' in the path without two hexadecimal digits behind it", None),
    ('/a\\b', "the path has a backslash, which has to be written as '%5C'", None),
]


def expect_refusal(client, reason, path):
    answer = read_answer(client)
    tap.equal((answer.status, answer.body.decode()), (400, reason + '\n'), f'the answer to {path}')
    client.expect_fin()


@contextlib.contextmanager
def two_backends(mode):
    """(gateway, {OPEN: backend, GUARDED: backend}) of two routes of the mode."""
    with backends.Backend() as free, backends.Backend() as guarded:
        routes = [{'path': '/m/*', 'mode': mode, 'backend': OPEN},
                  {'path': '/m/guarded/*', 'mode': mode, 'backend': GUARDED}]
        text = static.config(routes, backends={OPEN: free.port, GUARDED: guarded.port})
        with harness.Gateway(text=text) as gateway:
            yield gateway, {OPEN: free, GUARDED: guarded}


@tap.case(f'websocket mode: {len(FORMS)} forms lead to one backend, in normal form, or to none')
def websocket_mode():
    with two_backends('websocket') as (gateway, behind):
        for path, meaning, normal in FORMS:
            with wire.Client(gateway.address) as client:
                client.send(ask(line=f'GET /m{path}?q=%2f// HTTP/1.1'))
                if normal is None:
                    expect_refusal(client, meaning, path)
                    continue
                with behind[meaning].accept() as connection:
                    line = read_request(connection).line
                    tap.equal(line, f'GET /m{normal}?q=%2f// HTTP/1.1', f'forwarded of {path}')
                    connection.send(b'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n')
                    tap.equal(read_answer(client).status, 403, path)


@tap.case(f'tcp mode: {len(FORMS)} forms lead to one backend or to none')
def tcp_mode():
    with two_backends('tcp') as (gateway, behind):
        for path, meaning, normal in FORMS:
            with wire.Client(gateway.address) as client:
                client.send(ask(line=f'GET /m{path} HTTP/1.1'))
                if normal is None:
                    expect_refusal(client, meaning, path)
                    continue
                with behind[meaning].accept():
                    tap.equal(read_answer(client).status, 101, path)


@tap.case(f'static mode: {len(FORMS)} forms lead to files of one folder or to none')
def static_mode():
    with static.folder() as free, static.folder() as guarded:
        static.write(free / 'x', b'open')
        static.write(guarded / 'x', b'guarded')
        routes = [{'path': '/m/*', 'root': free}, {'path': '/m/guarded/*', 'root': guarded}]
        with static.served(static.config(routes), 30) as gateway:
            for path, meaning, normal in FORMS:
                with static.Browser(gateway.address) as browser:
                    got = browser.ask('/m' + path)
                    if normal is None:
                        tap.equal((got.status, got.body.decode()), (400, meaning + '\n'), path)
                    elif normal == '/guarded':
                        tap.equal((got.status, got.fields['location']), (301, '/m/guarded/'), path)
                    elif normal in ('/x', '/guarded/x'):
                        tap.equal((got.status, got.body.decode()), (200, meaning), path)
                    else:
                        tap.equal(got.status, 404, path)


@tap.case('a path above 4 KiB with such forms: 414; without them it may be longer')
def long_paths():
    with static.site({'x': b'x'}) as (gateway, _):
        for path, status in [('/;' + 'a' * 4094, 404), ('/;' + 'a' * 4095, 414),
                             ('/%20' + 'a' * 8000, 404), ('/y/../x', 200)]:
            with static.Browser(gateway.address) as browser:
                tap.equal(browser.ask(path).status, status, f'{path[:20]}... of {len(path)}')
        gateway.remembered += 3


@tap.case('the root of a static route without its slash: 301 for GET and HEAD, and nobody else')
def folders():
    with static.folder() as root, backends.Backend() as backend:
        static.write(root / 'index.html', b'page')
        routes = [{'path': '/spa/*', 'root': root},
                  {'path': '/*', 'mode': 'tcp', 'backend': 'b'}]
        text = static.config(routes, backends={'b': backend.port})
        with static.served(text, 2) as gateway:
            with static.Browser(gateway.address) as browser:
                for method in ('GET', 'HEAD'):
                    got = browser.ask('/spa?a=b', method=method)
                    tap.equal((got.status, got.fields['location']), (301, '/spa/?a=b'), method)
                tap.equal(browser.ask('/spa/').body, b'page')
                tap.equal(browser.ask('/spa', method='POST').status, 405, 'POST')
            with wire.Client(gateway.address) as client:
                client.send(ask(line='GET /spa HTTP/1.1'))
                with backend.accept():
                    tap.equal(read_answer(client).status, 101, 'a handshake goes to the tcp route')


@tap.case('a handshake on a static route is told that files are served there')
def handshake_for_files():
    with static.site({'x': b'x'}) as (gateway, _), wire.Client(gateway.address) as client:
        client.send(ask(line='GET /x HTTP/1.1'))
        expect_refusal(client, 'this path serves files, not WebSocket', '/x')


@tap.case('an absolute target: its host goes before the Host field, in routing and behind')
def absolute_targets():
    with backends.Backend() as one, backends.Backend() as other:
        routes = [{'path': '/*', 'mode': 'websocket', 'backend': 'one', 'host': 'one.test'},
                  {'path': '/*', 'mode': 'websocket', 'backend': 'other', 'host': 'other.test'}]
        text = static.config(routes, backends={'one': one.port, 'other': other.port})
        with harness.Gateway(text=text) as gateway:
            for target, backend, line, host in [
                    ('http://one.test/a', one, '/a', 'one.test'),
                    ('http://other.test:80/a?b', other, '/a?b', 'other.test:80'),
                    ('ws://other.test:8080/a', other, '/a', 'other.test:8080'),
                    ('wss://other.test?b', other, '/?b', 'other.test'),
                    ('https://OTHER.test', other, '/', 'OTHER.test')]:
                with wire.Client(gateway.address) as client:
                    client.send(ask('Host: one.test', line=f'GET {target} HTTP/1.1',
                                    without='Host'))
                    with backend.accept() as connection:
                        request = read_request(connection)
                        tap.equal(request.line, f'GET {line} HTTP/1.1', target)
                        tap.equal([each for each in request.fields if each[0] == 'Host'],
                                  [('Host', host)], target)
                        connection.send(b'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n')
                        tap.equal(read_answer(client).status, 403, target)


if __name__ == '__main__':
    sys.exit(tap.main())
