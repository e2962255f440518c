#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What RFC 9110 says about requests for a file that exists: conditions, ranges, methods, codings,
and the fields that go with each answer. Raw sockets and the rows of static_rows.py; curl for what a
client makes of it.

Everything is asked of a file that the gateway keeps in memory and of one that it does not."""
import email.utils
import gzip
import os
import re
import sys
import time

import harness
import static_rows as rows
import static_site as static
import tap
from static_site import ask, content, http_date

SIZES = {'/small.bin': 10_000, '/large.bin': 300_000}
FILES = {path[1:]: content(size) for path, size in SIZES.items()}
# RFC 9110 6.6.1: within what a slow test may take.
DATE_SLACK = 5


def words(answer, size):
    """What stands for {...} in the lines of a row."""
    modified = email.utils.parsedate_to_datetime(answer.fields['last-modified']).timestamp()
    old = time.gmtime(modified)
    # 8.8.2.2: a date says which content it is of when its second is over.
    harness.wait_for(lambda: time.time() > modified + 2, 'the second of the file to be over')
    return {'tag': answer.fields['etag'], 'bare': answer.fields['etag'].strip('"'),
            'date': http_date(modified), 'before': http_date(modified - 1),
            'after': http_date(modified + 1), 'now': http_date(time.time()),
            'rfc850': time.strftime('%A, %d-%b-%y %H:%M:%S GMT', old),
            'asctime': time.strftime('%a %b %e %H:%M:%S %Y', old), 'n': size, 'm': size - 1}


def expect_date(answer):
    when = email.utils.parsedate_to_datetime(answer.fields['date']).timestamp()
    tap.check(abs(when - time.time()) < DATE_SLACK, f'Date: {answer.fields["date"]}')
    tap.equal(answer.fields['date'], http_date(when), 'the form of Date')


def spans(row, size):
    """The row's ranges as (first, last), of a file of this size."""
    return [(first % size, size - 1 if last is None else last) for first, last in row.ranges]


def expect_ranges(answer, row, whole):
    """A 206 with exactly these bytes, alone or in parts."""
    size = len(whole)
    wanted = [(f'bytes {first}-{last}/{size}', whole[first:last + 1])
              for first, last in spans(row, size)]
    if len(wanted) == 1:
        got = [(answer.fields['content-range'], answer.body)]
        tap.equal(answer.fields['content-type'], 'application/octet-stream', 'Content-Type')
    else:
        tap.check('content-range' not in answer.fields, 'Content-Range beside parts (14.4)')
        got = [(place, data) for place, _, data in static.parts(answer)]
        kinds = {kind for _, kind, _ in static.parts(answer)}
        tap.equal(kinds, {'application/octet-stream'}, 'Content-Type of the parts')
    tap.equal([place for place, _ in got], [place for place, _ in wanted], 'Content-Range')
    tap.check([data for _, data in got] == [data for _, data in wanted], 'other bytes')


def expect_row(browser, path, row, known):
    """The answer of a row; its fields as the status demands; returned."""
    whole = FILES[path[1:]]
    answer = browser.ask(path, [line.format(**known) for line in row.lines])
    tap.equal(answer.status, row.status, 'status')
    expect_date(answer)
    tap.equal(answer.fields['x-content-type-options'], 'nosniff', 'X-Content-Type-Options')
    if answer.status in (200, 206):
        # 15.3.7 would allow a 206 to leave some away.
        tap.equal(answer.fields['accept-ranges'], 'bytes', 'Accept-Ranges')
        tap.equal(answer.fields['last-modified'], known['date'], 'Last-Modified')
    if answer.status in (200, 206, 304):
        tap.equal(answer.fields['etag'], known['tag'], 'ETag')
    if answer.status == 206:
        expect_ranges(answer, row, whole)
    elif answer.status == 200:
        tap.check('content-range' not in answer.fields, 'Content-Range of a 200')
        tap.check(answer.body == whole, 'the body differs')
    elif answer.status == 416:
        tap.equal(answer.fields['content-range'], f'bytes */{len(whole)}', 'Content-Range')
    elif answer.status == 304:
        # 15.4.5: whatever would guide a cache, nothing about a body that does not come.
        tap.check(not {'content-type', 'content-encoding', 'content-range'} & set(answer.fields),
                  f'fields of a 304: {answer.fields}')
        tap.equal(answer.fields.get('content-length', str(len(whole))), str(len(whole)), 'length')
    return answer


def same_head(head, got, row):
    """HEAD tells what GET does (9.3.2); a range counts for GET alone (14.2)."""
    wanted = got
    if any(line.startswith('Range:') for line in row.lines) and got.status in (206, 416):
        tap.equal(head.status, 200, 'status of HEAD')
        return
    tap.equal(head.status, wanted.status, 'status of HEAD')
    left, right = ({name: value for name, value in each.fields.items() if name != 'date'}
                   for each in (head, wanted))
    tap.equal(left, right, 'fields of HEAD')


def each_row(chosen, path):
    """All rows on one connection, which survives them all; those that fail are all told."""
    failed = []
    with static.site(FILES) as (gateway, _), static.Browser(gateway.address) as browser:
        known = words(browser.ask(path, method='HEAD'), SIZES[path])
        for row in chosen:
            try:
                got = expect_row(browser, path, row, known)
                lines = [line.format(**known) for line in row.lines]
                same_head(browser.ask(path, lines, 'HEAD'), got, row)
                browser.expect_silence()
            except (AssertionError, KeyError) as error:
                failed.append(f'{row.sentence}: {error!r}')
                browser = static.Browser(gateway.address)  # what is left on this one is nobody's
    tap.check(not failed, '\n'.join(failed))


for name, table in [('conditions (13.1, 13.2.2)', rows.CONDITIONS), ('If-Range', rows.IF_RANGE),
                    ('single ranges (14.1.2)', rows.SINGLE),
                    ('several ranges (14.6)', rows.SEVERAL)]:
    for file_path, file_size in SIZES.items():
        tap.case(f'{len(table)} rows of {name} of a file of {file_size} bytes', table,
                 file_path)(each_row)


@tap.case('an empty file: the whole, and what its ranges come to')
def empty_file():
    with static.site({'empty.txt': b''}) as (gateway, _), \
            static.Browser(gateway.address) as browser:
        for lines, status in [((), 200), (['Range: bytes=0-'], 416), (['Range: bytes=0-0'], 416),
                              (['Range: bytes=-0'], 416), (['If-None-Match: *'], 304)]:
            got = browser.ask('/empty.txt', lines)
            tap.equal((got.status, got.body), (status, b''), f'the answer to {lines}')
            if status == 416:
                tap.equal(got.fields['content-range'], 'bytes */0', 'Content-Range')
        # 14.1.2: the last five of nothing are satisfiable, and no Content-Range can say them.
        tap.equal(browser.ask('/empty.txt', ['Range: bytes=-5']).status, 200, 'status of a suffix')
        tap.equal(browser.ask('/empty.txt', method='HEAD').fields['content-length'], '0', 'length')


@tap.case('a date is no strong validator while its second lasts (8.8.2.2)')
def young_file():
    with static.site({'later.txt': b''}) as (gateway, root):
        static.write(root / 'later.txt', b'0123456789', time.time() + 3600)
        got = ask(gateway, '/later.txt')
        expect_date(got)
        # 8.8.2.1: no time of modification lies behind the answer's own.
        tap.equal(got.fields['last-modified'], got.fields['date'], 'Last-Modified from the future')
        got = ask(gateway, '/later.txt', [f'If-Range: {got.fields["last-modified"]}',
                                          'Range: bytes=0-1'])
        tap.equal((got.status, got.body), (200, b'0123456789'), 'the answer to If-Range')


@tap.case('methods: GET and HEAD; all others get a 405 that says so (15.5.6)')
def methods():
    with static.site(FILES) as (gateway, _):
        for method in ('POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'):
            for path in ('/small.bin', '/missing'):
                got = ask(gateway, path, method=method)
                tap.equal(got.status, 405, f'status of {method} {path}')
                tap.equal(got.fields['allow'], 'GET, HEAD', 'Allow')
        tap.equal(ask(gateway, '/small.bin', method='FOO').status, 501, 'status of FOO')
        got = ask(gateway, '/small.bin', method='get')
        tap.check(got.status in (405, 501), f'method names have case (9.1): {got.status}')
        tap.equal(ask(gateway, '/small.bin', method='HEAD').status, 200, 'status of HEAD')
        tap.equal(ask(gateway, '/missing', method='HEAD').status, 404, 'status of HEAD')


@tap.case('what stands in a request\'s body is never taken for a request')
def bodies():
    inner = static.request('/small.bin')
    with static.site(FILES) as (gateway, _):
        for method in ('GET', 'POST'):
            for field, body in [(f'Content-Length: {len(inner)}', inner),
                                ('Transfer-Encoding: chunked',
                                 b'%x\r\n%b\r\n0\r\n\r\n' % (len(inner), inner))]:
                with static.Browser(gateway.address) as browser:
                    browser.send(static.request('/small.bin', [field], method) + body)
                    browser.answer(method)
                    # Over, or open for the next one; but nothing of what was in the body.
                    browser.socket.shutdown(static.wire.socket.SHUT_WR)
                    browser.expect_fin()


@tap.case('every 2xx, 3xx and 4xx says when it was made (6.6.1)')
def dates():
    with static.site({'folder/index.html': b'x', **FILES}) as (gateway, _):
        for method, path, lines, status in [
                ('GET', '/small.bin', (), 200), ('GET', '/small.bin', ['Range: bytes=0-1'], 206),
                ('GET', '/folder', (), 301), ('GET', '/small.bin', ['If-None-Match: *'], 304),
                ('GET', '/missing', (), 404), ('POST', '/small.bin', (), 405),
                ('GET', '/small.bin', ['If-Match: "a"'], 412),
                ('GET', '/small.bin', ['Range: bytes=-0'], 416)]:
            got = ask(gateway, path, lines, method)
            tap.equal(got.status, status, f'status of {method} {path}')
            tap.check('date' in got.fields, f'a {status} without Date')
            expect_date(got)


KINDS = {'html': 'text/html', 'css': 'text/css', 'js': 'text/javascript', 'txt': 'text/plain',
         'json': 'application/json', 'svg': r'image/svg\+xml', 'png': 'image/png',
         'jpg': 'image/jpeg', 'wasm': 'application/wasm', 'pdf': 'application/pdf',
         'woff2': 'font/woff2', 'mjs': 'text/javascript', 'HTML': 'text/html'}


@tap.case('Content-Type goes by the extension, in upper or lower case')
def kinds():
    files = {f'a.{extension}': b'x' for extension in KINDS}
    files.update({'none': b'x', 'a.unheard-of': b'x', 'a.css.unheard-of': b'x', 'b.x.css': b'x'})
    with static.site(files) as (gateway, _), static.Browser(gateway.address) as browser:
        for extension, kind in KINDS.items():
            got = browser.ask(f'/a.{extension}').fields['content-type']
            tap.check(re.fullmatch(rf'{kind}(; charset=utf-8)?', got), f'{extension}: {got}')
            tap.equal('charset' in got, kind.startswith('text/'), f'charset of {got}')
        for path in ('/none', '/a.unheard-of', '/a.css.unheard-of'):
            tap.equal(browser.ask(path).fields['content-type'], 'application/octet-stream', path)
        tap.equal(browser.ask('/b.x.css').fields['content-type'], 'text/css; charset=utf-8')


@tap.case('an entity tag stays while the file does, also in another process')
def tags_stay():
    with static.site(FILES, workers=2) as (gateway, root):
        tags = {ask(gateway, '/small.bin').fields['etag'] for _ in range(20)}
        tap.equal(len(tags), 1, f'tags {tags}')
        tap.check(re.fullmatch(r'"[\x21\x23-\x7e]+"', min(tags)), f'{tags} is a strong tag (8.8.3)')
        with static.served(static.config([{'path': '/*', 'root': root}]), 1) as other:
            tap.equal({ask(other, '/small.bin').fields['etag']}, tags, 'tags of another gateway')


@tap.case('Cache-Control is the route\'s own, on all that is about the file')
def cache_control():
    said = 'public, max-age=60, immutable'
    with static.folder() as root:
        static.write(root / 'a.txt', b'0123456789')
        routes = [{'path': '/kept/*', 'root': root, 'cache_control': said},
                  {'path': '/*', 'root': root}]
        with static.served(static.config(routes), 2) as gateway:
            for lines, status in [((), 200), (['Range: bytes=0-1'], 206),
                                  (['If-None-Match: *'], 304)]:
                got = ask(gateway, '/kept/a.txt', lines)
                tap.equal((got.status, got.fields['cache-control']), (status, said), 'the answer')
                got = ask(gateway, '/a.txt', lines)
                tap.check('cache-control' not in got.fields, 'Cache-Control of another route')
            tap.check('cache-control' not in ask(gateway, '/kept/none').fields, 'of a 404')


PLAIN = b'body { color: black }\n' * 100
CODED = {'br': static.stored_brotli(PLAIN), 'gzip': gzip.compress(PLAIN, mtime=0), None: PLAIN}
# RFC 9110 12.5.3: (Accept-Encoding, the coding of /all.css, that of /gz.css)
CODINGS = [(None, None, None), ('', None, None), ('br', 'br', None), ('gzip', 'gzip', 'gzip'),
           ('gzip, br', 'br', 'gzip'), ('gzip, deflate, br, zstd', 'br', 'gzip'),
           ('gzip;q=1.0, br;q=0.5', 'gzip', 'gzip'), ('gzip;q=0.5, br; q=0.501', 'br', 'gzip'),
           ('br;q=0, gzip', 'gzip', 'gzip'), ('br;q=0.000', None, None), ('*', 'br', 'gzip'),
           ('*;q=0.1, br;q=0', 'gzip', 'gzip'), ('gzip;q=0, *', 'br', None),
           ('identity', None, None), ('identity, gzip;q=0.5', None, None),
           ('x-gzip', 'gzip', 'gzip'), ('GZIP', 'gzip', 'gzip'),
           ('br;q=0.001', 'br', None), ('gzip ;\tQ=0.5', 'gzip', 'gzip'),
           ('deflate', None, None), ('zstd;q=1, gzip;q=0.1', 'gzip', 'gzip'),
           ('brotli', None, None), ('br;q=2', None, None), (', ,gzip,', 'gzip', 'gzip'),
           ('identity;q=0, gzip', 'gzip', 'gzip')]


@tap.case(f'{len(CODINGS)} rows of Accept-Encoding choose among compressed siblings')
def codings():
    files = {'all.css': PLAIN, 'all.css.br': CODED['br'], 'all.css.gz': CODED['gzip'],
             'gz.css': PLAIN, 'gz.css.gz': CODED['gzip'], 'plain.css': PLAIN}
    failed = []
    with static.site(files, route={'precompressed': True}) as (gateway, _), \
            static.Browser(gateway.address) as browser:
        for accepted, *wanted in CODINGS:
            lines = [] if accepted is None else [f'Accept-Encoding: {accepted}']
            for path, coding in zip(('/all.css', '/gz.css', '/plain.css'), [*wanted, None]):
                got = browser.ask(path, lines)
                fields = (got.status, got.fields.get('content-encoding'), got.fields.get('vary'),
                          got.fields['content-type'], got.body == CODED[coding])
                if fields != (200, coding, 'Accept-Encoding', 'text/css; charset=utf-8', True):
                    failed.append(f'{path} to {accepted!r}: {fields}, expected {coding}')
    tap.check(not failed, '\n'.join(failed))


@tap.case('what is no file is no compressed sibling')
def no_siblings():
    files = {'a.css': PLAIN, 'a.css.br/index.html': b'below', 'a.css.gz': CODED['gzip'],
             'b.css': PLAIN}
    with static.site(files, route={'precompressed': True}) as (gateway, root), \
            static.Browser(gateway.address) as browser:
        os.mkfifo(root / 'b.css.br')
        (root / 'b.css.gz').symlink_to('/etc/passwd')
        for path, coding in [('/a.css', 'gzip'), ('/b.css', None)]:
            got = browser.ask(path, ['Accept-Encoding: gzip, br'])
            tap.equal((got.status, got.fields.get('content-encoding'), got.body),
                      (200, coding, CODED[coding]), f'the answer to {path}')
        tap.equal(browser.ask('/b.css.gz', ['Accept-Encoding: br']).status, 404, 'of the link')


@tap.case('a compressed sibling has its own tag, length and ranges; Vary is on a 304 too')
def coded_conditions():
    files = {'a.css': PLAIN, 'a.css.br': CODED['br'], 'a.css.gz': CODED['gzip']}
    with static.site(files, route={'precompressed': True}) as (gateway, _), \
            static.Browser(gateway.address) as browser:
        tags = {coding: browser.ask('/a.css', [f'Accept-Encoding: {coding}']).fields['etag']
                for coding in ('br', 'gzip', 'identity')}
        tap.equal(len(set(tags.values())), 3, f'tags {tags}')
        for coding in ('br', 'gzip'):
            accept = f'Accept-Encoding: {coding}'
            got = browser.ask('/a.css', [accept, f'If-None-Match: {tags[coding]}'])
            tap.equal((got.status, got.fields['vary']), (304, 'Accept-Encoding'), 'its own tag')
            got = browser.ask('/a.css', [accept, f'If-None-Match: {tags["identity"]}'])
            tap.equal((got.status, got.body), (200, CODED[coding]), 'the tag of another coding')
            got = browser.ask('/a.css', [accept, 'Range: bytes=2-9', f'If-Range: {tags[coding]}'])
            tap.equal((got.status, got.fields['content-encoding'], got.body),
                      (206, coding, CODED[coding][2:10]), 'a range of it')
            tap.equal(got.fields['content-range'], f'bytes 2-9/{len(CODED[coding])}', 'its place')
    with static.site(files) as (gateway, _):
        got = ask(gateway, '/a.css', ['Accept-Encoding: br, gzip'])
        tap.equal((got.body, got.fields.get('vary')), (PLAIN, None), 'without `precompressed`')


if __name__ == '__main__':
    sys.exit(tap.main())
