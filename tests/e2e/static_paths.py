#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which file a path names, and which paths name none: indexes, redirects, fallbacks, encoded names;
and everything that must not be reached, all with one answer that gives no hint. curl does the same
as a client that others wrote."""
import contextlib
import gzip
import os
import shutil
import socket
import sys

import harness
import static_site as static
import tap
from static_site import ask

# What a 404 says; one text, so that nobody learns why.
MISSING = b'there is no such file\n'
SECRET = b'the secret beside the root\n'

NAMES = {
    'a.txt': '/a.txt', 'with space.txt': '/with%20space.txt', 'a+b.txt': '/a+b.txt',
    'plus sign.txt': '/plus%20sign.txt', 'semi;colon=1,x.txt': '/semi;colon=1,x.txt',
    '100%.txt': '/100%25.txt', '%2e%2e': '/%252e%252e', 'question?.txt': '/question%3F.txt',
    'hash#.txt': '/hash%23.txt', 'quote".txt': '/quote%22.txt', 'back\\slash': '/back%5Cslash',
    'näive-ü-日本.txt': '/n%C3%A4ive-%c3%bc-%E6%97%A5%E6%9C%AC.txt', 'tab\t.txt': '/tab%09.txt',
    'line\nend.txt': '/line%0Aend.txt', '~tilde*(x)\'!$&@:.txt': '/~tilde*(x)\'!$&@:.txt',
    'a.b..c...txt': '/a.b..c...txt', 'two  spaces': '/two%20%20spaces', 'n' * 255: '/' + 'n' * 255,
    'deep/' * 30 + 'x': '/' + 'deep/' * 30 + 'x', 'A.TXT': '/A.TXT', 'encoded': '/%65%6e%63oded',
    'unheard/of/folder/x.js': '/unheard/of/%66older/x.js', 'ends.': '/ends.', '-': '/-',
}


@tap.case(f'{len(NAMES)} names with spaces, signs, UTF-8 and other bytes, each by its own path')
def names():
    with static.site({name: name.encode() for name in NAMES}) as (gateway, root), \
            static.Browser(gateway.address) as browser:
        for name, path in NAMES.items():
            got = browser.ask(path)
            tap.equal((got.status, got.body), (200, name.encode()), f'the answer to {path}')
        static.write(root / os.fsdecode(b'no-\xff-utf-8'), b'bytes')
        tap.equal(browser.ask('/no-%FF-utf-8').body, b'bytes', 'a name that is no UTF-8')
        gateway.remembered += 1


@tap.case('a query belongs to no file, whatever it holds')
def queries():
    with static.site({'a.txt': b'a', 'index.html': b'i'}) as (gateway, _), \
            static.Browser(gateway.address) as browser:
        for path, body in [('/a.txt?', b'a'), ('/a.txt?x=1&y=%00', b'a'), ('/a.txt?/../b', b'a'),
                           ('/?a.txt', b'i'), ('/a.txt??', b'a'), ('/a.txt?x=%zz', b'a')]:
            got = browser.ask(path)
            tap.equal((got.status, got.body), (200, body), f'the answer to {path}')
        got = browser.ask('http://test.example/a.txt?x')
        tap.equal((got.status, got.body), (200, b'a'), 'the answer to an absolute form')


@tap.case('a folder: its index; without a slash a 301 that keeps the query; no index, no answer')
def folders():
    files = {'index.html': b'top', 'docs/index.html': b'docs', 'docs/sub/index.html': b'sub',
             'bare/x.txt': b'x', 'with space/index.html': b'spaced', 'x/main.txt': b'main',
             'odd/index.html/x': b'x'}
    with static.site(files) as (gateway, _), static.Browser(gateway.address) as browser:
        for path, body in [('/', b'top'), ('/docs/', b'docs'), ('/docs/sub/', b'sub'),
                           ('/with%20space/', b'spaced'), ('/docs/index.html', b'docs')]:
            got = browser.ask(path)
            tap.equal((got.status, got.body), (200, body), f'the answer to {path}')
            tap.equal(got.fields['content-type'], 'text/html; charset=utf-8', 'Content-Type')
        for path, place in [('/docs', '/docs/'), ('/docs?a=1&b', '/docs/?a=1&b'),
                            ('/docs/sub', '/docs/sub/'), ('/with%20space', '/with%20space/'),
                            ('/%64ocs?x=/y/', '/docs/?x=/y/')]:
            for method in ('GET', 'HEAD'):
                got = browser.ask(path, method=method)
                tap.equal((got.status, got.fields['location']), (301, place), f'{method} {path}')
        for path in ('/bare/', '/docs/index.html/', '/a/', '/x/', '/odd/'):
            got = browser.ask(path)
            tap.equal((got.status, got.body), (404, MISSING), f'the answer to {path}')
    with static.site(files, route={'index': 'main.txt'}) as (gateway, _):
        tap.equal(ask(gateway, '/x/').body, b'main', 'another index')
        tap.equal(ask(gateway, '/docs/').status, 404, 'status without that one')


@tap.case('routes: what follows the prefix, an exact path, the longest that fits')
def routes():
    with static.folder() as one, static.folder() as two:
        static.write(one / 'a.txt', b'one')
        static.write(one / 'x/a.txt', b'one below x')
        static.write(two / 'a.txt', b'two')
        static.write(two / 'folder/index.html', b'folder of two')
        static.write(two / 'robots.txt', b'robots of two')
        text = static.config([{'path': '/*', 'root': one}, {'path': '/x/*', 'root': two},
                              {'path': '/robots.txt', 'root': two},
                              {'path': '/host/*', 'root': two, 'host': 'other.example'}])
        with static.served(text, 5) as gateway, static.Browser(gateway.address) as browser:
            for path, body in [('/a.txt', b'one'), ('/x/a.txt', b'two'),
                               ('/x/folder/', b'folder of two'), ('/robots.txt', b'robots of two')]:
                tap.equal(browser.ask(path).body, body, f'the answer to {path}')
            tap.equal(browser.ask('/x/folder').fields['location'], '/x/folder/', 'Location')
            tap.equal(browser.ask('/host/a.txt').status, 404, 'status of another host\'s path')
            got = browser.ask('/host/a.txt', host='other.example')
            tap.equal(got.body, b'two', 'the answer for that host')
            for path in ('/x/../a.txt', '/x/%2e%2e/a.txt'):
                tap.equal(browser.ask(path).body, b'one', f'the answer to {path}')
            # Whoever decodes the slash first finds the other route.
            tap.equal(browser.ask('/x/..%2fa.txt').status, 400, 'status of an encoded slash')


@tap.case('fallback: what no file has gets it, with its own type and 200; what is hidden does not')
def fallback():
    files = {'app.html': b'<app>', 'real.css': b'css', 'folder/x': b'x', '.hidden': b'h'}
    with static.site(files, route={'fallback': 'app.html'}) as (gateway, _), \
            static.Browser(gateway.address) as browser:
        for path in ('/any', '/any/depth/at/all', '/', '/folder/', '/any.css', '/any?query'):
            got = browser.ask(path)
            tap.equal((got.status, got.body, got.fields['content-type']),
                      (200, b'<app>', 'text/html; charset=utf-8'), f'the answer to {path}')
        tap.equal(browser.ask('/real.css').body, b'css', 'a file that is there')
        tap.equal(browser.ask('/%2e%2e/x').body, b'<app>', 'a path that goes up')
        for path in ('/.hidden', '/any/.git/config', '//any', '/any/../.hidden'):
            tap.equal(browser.ask(path).status, 404, f'status of {path}')
        got = browser.ask('/any', [f'If-None-Match: {browser.ask("/any").fields["etag"]}'])
        tap.equal(got.status, 304, 'status of a condition')
        tap.equal(browser.ask('/any', ['Range: bytes=1-3']).body, b'app', 'a range of it')


def hide(root):
    """Things that no client may see, in `root` and beside it; what has to be closed."""
    secret = root.parent / f'{root.name}-secret'
    static.write(secret / 'secret.txt', SECRET)
    for path in ('a.txt', '.hidden', '.git/config', 'folder/.hidden', 'folder/b.txt',
                 '..hidden', '...'):
        static.write(root / path, b'of a file\n')
    os.mkfifo(root / 'fifo')
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(root / 'socket'))
    for name, target in [('out.txt', f'../{secret.name}/secret.txt'), ('out', f'../{secret.name}'),
                         ('absolute.txt', '/etc/passwd'), ('absolute', '/etc'), ('root', '/'),
                         ('dangling', 'nothing'), ('loop', 'loop'), ('device', '/dev/zero'),
                         ('up', '..'), ('twice', 'out.txt'), ('to-fifo', 'fifo'),
                         ('deep', f'folder/../../{secret.name}'), ('beside', secret),
                         ('to-hidden', '.hidden'), ('to-git', '.git'),
                         ('absolute-hidden', root / '.hidden'), ('absolute-git', root / '.git')]:
        (root / name).symlink_to(target)
    with contextlib.suppress(PermissionError):
        os.mknod(root / 'null', 0o666 | 0o020000, os.makedev(1, 3))
    return server, secret


HIDDEN = [
    # Steps upwards, in every spelling.
    '/..', '/../', '/../{secret}/secret.txt', '/.',
    '/folder/..', '/folder/.', '/folder/../../{secret}/secret.txt', '/%2e%2e/{secret}/secret.txt',
    '/%2e',
    '/folder%2f..%2fa.txt', '/..%2fa.txt', '/..%2f{secret}%2fsecret.txt', '/%2e%2e%2fa.txt',
    '/%2fetc%2fpasswd', '/..%5ca.txt', '/%c0%ae%c0%ae/a.txt', '/%252e%252e/a.txt',
    '/..;/a.txt', '/...', '/..../a.txt', '/%e0%80%ae%e0%80%ae/a.txt', '/..hidden',
    # Slashes.
    '//', '//a.txt', '//etc/passwd', '/folder//b.txt', '/folder%2fb.txt', '/folder/b.txt/',
    '/a.txt/', '/a.txt/x', '/a.txt/..', '/folder///', '//folder', '/%2f',
    # Hidden files, and folders.
    '/.hidden', '/%2ehidden', '/.git/config', '/.git/', '/.git', '/folder/.hidden', '/.nothing',
    # Links that lead out, nowhere, or in a circle.
    '/out.txt', '/out/secret.txt', '/out/', '/out', '/absolute.txt', '/absolute/passwd',
    '/dangling', '/loop', '/loop/x', '/root/etc/passwd', '/up/', '/up/{secret}/secret.txt',
    '/twice', '/deep', '/deep/secret.txt', '/absolute/', '/root/', '/beside/secret.txt', '/beside',
    # Links to what is hidden.
    '/to-hidden', '/to-git', '/to-git/', '/to-git/config', '/absolute-hidden', '/absolute-git',
    '/absolute-git/config',
    # No files.
    '/fifo', '/to-fifo', '/socket', '/null', '/device', '/folder/', '/',
    # No such thing.
    '/missing', '/missing/', '/missing/a.txt', '/A.TXT', '/a.txt%20', '/%20a.txt', '/a.txt.',
    # Lengths.
    '/' + 'n' * 300, '/folder/' + 'n' * 300 + '/a.txt', '/' + '%6e' * 256, '/' + 'n' * 5000,
    '/' + 'n/' * 2500, '/' + 'folder/' * 714 + 'b', '/' + 'missing/' * 400, '/' + '%6e' * 1666,
    '/' + 'n' * 254 + '/' + 'n' * 256, '/' + '../' * 1600,
]


# What steps upwards means is known before any file is looked for (RFC 3986 5.2.4).
NORMALIZED = ['/../a.txt', '/folder/../a.txt', '/./a.txt', '/%2E%2E/a.txt', '/.%2e/a.txt',
              '/%2e./a.txt', '/folder/%2e%2e/a.txt', '/../../a.txt', '/.git/../a.txt']
MEANINGLESS = ['/%00', '/a.txt%00', '/a.txt%00.html', '/a%00.txt', '/folder/%00', '/%00/a.txt',
               '/..%00/a.txt', '/..\\a.txt', '/%', '/a.txt%2']


@tap.case(f'{len(NORMALIZED)} paths that go up and down to a file; {len(MEANINGLESS)} are 400')
def normalized():
    with static.site({'a.txt': b'a', 'folder/b.txt': b'b'}) as (gateway, _):
        for path in NORMALIZED:
            tap.equal(ask(gateway, path).body, b'a', f'the answer to {path}')
        for path in MEANINGLESS:
            tap.equal(ask(gateway, path).status, 400, f'status of {path}')


@tap.case(f'{len(HIDDEN)} paths to nothing that may be seen get one and the same 404')
def hidden():
    with static.folder() as root:
        server, secret = hide(root)
        try:
            expect_hidden(root, secret)
        finally:
            server.close()
            shutil.rmtree(secret)


def expect_hidden(root, secret):
    failed, answers = [], set()
    with static.served(static.config([{'path': '/*', 'root': root}]), 4) as gateway, \
            static.Browser(gateway.address) as browser:
        for pattern in HIDDEN:
            path = pattern.replace('{secret}', secret.name)
            for method in ('GET', 'HEAD'):
                got = browser.ask(path, method=method)
                if (got.status, got.body) != (404, MISSING if method == 'GET' else b''):
                    failed.append(f'{method} {path[:60]}: {got.status} {tap.shown(got.body)}')
                answers.add(tuple(sorted((name, value) for name, value in got.fields.items()
                                         if name != 'date')))
        tap.equal(browser.ask('/a.txt').body, b'of a file\n', 'a file, after all that')
        state = gateway.state()
        tap.equal(state['files_missing'], 2 * len(HIDDEN), 'requests counted as missing')
    tap.check(not failed, '\n'.join(failed))
    tap.equal(len(answers), 1, f'heads of answers that differ: {answers}')


@tap.case('links that end inside the root are followed')
def links_inside():
    with static.site({'a.txt': b'a', 'folder/b.txt': b'b', 'folder/index.html': b'i'}) as (
            gateway, root), static.Browser(gateway.address) as browser:
        gateway.remembered = 12
        for name, target in [('link.txt', 'a.txt'), ('again.txt', 'link.txt'), ('link', 'folder'),
                             ('folder/up.txt', '../a.txt'), ('detour.txt', 'folder/../a.txt'),
                             ('absolute.txt', root / 'a.txt'), ('absolute', root / 'folder'),
                             ('back.txt', f'../{root.name}/a.txt')]:
            (root / name).symlink_to(target)
        for path, body in [('/link.txt', b'a'), ('/again.txt', b'a'), ('/link/b.txt', b'b'),
                           ('/link/', b'i'), ('/folder/up.txt', b'a'), ('/detour.txt', b'a'),
                           ('/absolute.txt', b'a'), ('/absolute/b.txt', b'b'), ('/absolute/', b'i'),
                           ('/back.txt', b'a')]:
            got = browser.ask(path)
            tap.equal((got.status, got.body), (200, body), f'the answer to {path}')
        tap.equal(browser.ask('/link').fields['location'], '/link/', 'Location')


@tap.case('without /proc nobody sees where links lead: the gateway says so and does not start')
def without_proc():
    with static.folder() as root:
        config = root / 'ringway.toml'
        config.write_text(static.config([{'path': '/*', 'root': root}]))
        hidden_proc = ('unshare', '--user', '--map-root-user', '--mount', 'sh', '-c',
                       'mount -t tmpfs none /proc && exec "$@"', 'sh')
        if harness.run(*hidden_proc, 'true').returncode != 0:
            raise tap.Skip('no mounts in a namespace of one\'s own here')
        result = harness.run(*hidden_proc, harness.RINGWAY, '--config', config)
        tap.equal(result.returncode, 1, f'exit code, with {result.stderr}')
        tap.check('mount /proc' in result.stderr, result.stderr)


@tap.case('devices, terminals, and the kernel\'s own links are no files')
def kernel_files():
    text = static.config([{'path': '/dev/*', 'root': '/dev'},
                          {'path': '/proc/*', 'root': '/proc/self'}])
    with static.served(text, 4) as gateway, static.Browser(gateway.address) as browser:
        # /proc/self is whoever opened it: the gateway. Its links lead where no path says.
        for path in ('/dev/null', '/dev/zero', '/dev/full', '/dev/tty', '/dev/random', '/dev/ptmx',
                     '/dev/fd/0', '/proc/exe', '/proc/cwd/', '/proc/root/etc/passwd', '/proc/fd/0',
                     '/proc/ns/net'):
            got = browser.ask(path)
            tap.equal((got.status, got.body), (404, MISSING), f'the answer to {path}')


def unreadable_site(root):
    for name in ('forbidden.txt', 'folder/x.txt', 'a.txt'):
        static.write(root / name, b'x')
    (root / 'forbidden.txt').chmod(0)
    (root / 'folder').chmod(0)


@tap.case('a file that the gateway may not read is as good as none')
def unreadable():
    with static.folder() as root:
        unreadable_site(root)
        prefix = ()
        # Who may read everything, like root, has nothing that is forbidden.
        if os.access(root / 'forbidden.txt', os.R_OK):
            prefix = harness.UNPRIVILEGED
            result = harness.run(*prefix, harness.RINGWAY, '--version')
            if result.returncode != 0:
                raise tap.Skip(f'an unprivileged user cannot run it: {result.stderr.strip()}')
        with static.served(static.config([{'path': '/*', 'root': root}]), 1,
                           prefix=prefix) as gateway:
            for path in ('/forbidden.txt', '/folder/x.txt', '/folder/'):
                got = ask(gateway, path)
                tap.equal((got.status, got.body), (404, MISSING), f'the answer to {path}')
            tap.equal(ask(gateway, '/a.txt').body, b'x', 'a file that it may read')
        (root / 'folder').chmod(0o755)


@tap.case('what is no path: a bad escape, bytes that no target has, a head that is too long')
def malformed():
    with static.site({'a.txt': b'a'}) as (gateway, _):
        for path in ('/%', '/%4', '/%zz', '/a.txt%', '/%%41', '/../%', '/%-1'):
            tap.equal(ask(gateway, path).status, 400, f'status of {path}')
        for path in (b'/\0', b'/a\x80', b'/\xc3\xa4', b'/a\x7fb', b'/a.txt\0.html', b'a.txt', b'',
                     b'/a.txt#x', b'/a b'):
            with static.Browser(gateway.address) as browser:
                got = browser.ask(path)
                tap.equal(got.status, 400, f'status of {path!r}')
                browser.expect_fin()
        tap.equal(ask(gateway, '/' + 'n' * 20_000).status, 431, 'status of a head of 20,000 bytes')
        tap.equal(ask(gateway, '/a.txt', host=None).status, 400, 'status without Host')


def curl(gateway, path, *options):
    """What curl prints: the body, and behind it the status and what else %{...} says."""
    result = harness.run('curl', '-sS', '--noproxy', '*', '-w', '|%{http_code} %{num_redirects}',
                         *options, f'http://127.0.0.1:{gateway.port}{path}')
    tap.equal(result.returncode, 0, f'exit code of curl, which said {result.stderr}')
    return result.stdout


@tap.case('curl: codings, conditions, ranges, redirects, resumed downloads')
def with_curl():
    if not shutil.which('curl'):
        raise tap.Skip('curl is not installed')
    text = b'0123456789' * 20
    files = {'a.txt': text, 'a.txt.gz': gzip.compress(text, mtime=0), 'docs/index.html': b'docs',
             'b.txt': text, 'b.txt.br': static.stored_brotli(text)}
    plain = text.decode()
    with static.site(files, route={'precompressed': True}) as (gateway, _), \
            static.folder() as scratch:
        tap.equal(curl(gateway, '/a.txt'), f'{plain}|200 0', 'plain')
        tap.equal(curl(gateway, '/a.txt', '--compressed'), f'{plain}|200 0', 'compressed')
        if ' brotli' in harness.run('curl', '--version').stdout.lower():
            tap.equal(curl(gateway, '/b.txt', '-H', 'Accept-Encoding: br', '--compressed'),
                      f'{plain}|200 0', 'brotli')
        tap.equal(curl(gateway, '/a.txt', '-r', '5-7'), '567|206 0', 'a range')
        tap.equal(curl(gateway, '/a.txt', '-r', '-2'), '89|206 0', 'the last bytes')
        tap.equal(curl(gateway, '/docs?x', '-L'), 'docs|200 1', 'a redirect followed')
        tap.equal(curl(gateway, '/x/../a.txt', '--path-as-is'), f'{plain}|200 0', 'as it is')
        since = ask(gateway, '/a.txt').fields['last-modified']
        tap.equal(curl(gateway, '/a.txt', '-z', since), '|304 0', 'since')
        tap.equal(curl(gateway, '/a.txt', '--etag-save', scratch / 'tag')[-5:], '200 0', 'tag')
        tap.equal(curl(gateway, '/a.txt', '--etag-compare', scratch / 'tag'), '|304 0', 'its tag')
        (scratch / 'part').write_bytes(text[:77])
        tap.equal(curl(gateway, '/a.txt', '-C', '-', '-o', scratch / 'part'), '|206 0', 'resumed')
        tap.check((scratch / 'part').read_bytes() == text, 'the resumed file differs')
        tap.check('Content-Length: 200' in curl(gateway, '/a.txt', '-I'), 'HEAD')
        tap.equal(curl(gateway, '/{a,b}.txt')[:200], plain, 'two on one connection')


if __name__ == '__main__':
    sys.exit(tap.main())
