# SPDX-License-Identifier: Apache-2.0
"""The requests of static_table.py: of a file that exists, what its conditions and ranges lead to.

A row is a sentence, header lines and what must come back. In a line {tag} is the file's entity tag,
{date} its time of last modification, {before} and {after} a second off it, {rfc850} and {asctime}
the same time in the old forms, {now} the present; {n} the file's size, {m} one less."""
import collections

Row = collections.namedtuple('Row', 'sentence lines status ranges')

# What a 200 brings. Rows of ranges have a list of (first, last) instead, where None is the end.
ALL = None


def row(sentence, lines, status, ranges=ALL):
    return Row(sentence, [line.strip() for line in lines.split('|')] if lines else [], status,
               ranges)


# RFC 9110 13.1.1 to 13.1.4, and 13.2.2 for their order.
CONDITIONS = [
    row('no condition', '', 200),
    row('If-Match: the tag', 'If-Match: {tag}', 200),
    row('If-Match: another', 'If-Match: "other"', 412),
    row('If-Match: in a list', 'If-Match: "a", {tag}, "b"', 200),
    row('If-Match: a list without spaces', 'If-Match: "a",{tag}', 200),
    row('If-Match: empty elements', 'If-Match: , ,{tag},', 200),
    row('If-Match: none of a list', 'If-Match: "a", "b"', 412),
    row('If-Match: in the second field', 'If-Match: "a"|If-Match: {tag}', 200),
    row('If-Match: compares strongly', 'If-Match: W/{tag}', 412),
    row('If-Match: behind a weak one', 'If-Match: W/{tag}, {tag}', 200),
    row('If-Match: any', 'If-Match: *', 200),
    row('If-Match: a star in quotes is a tag', 'If-Match: "*"', 412),
    row('If-Match: a comma in a tag', 'If-Match: "a,b", {tag}', 200),
    row('If-Match: a tag in a tag', 'If-Match: "a,{bare},b"', 412),
    row('If-Match: without quotes', 'If-Match: {bare}', 412),
    row('If-Match: names have no case', 'IF-MATCH: "other"', 412),

    row('If-None-Match: the tag', 'If-None-Match: {tag}', 304),
    row('If-None-Match: another', 'If-None-Match: "other"', 200),
    row('If-None-Match: compares weakly', 'If-None-Match: W/{tag}', 304),
    row('If-None-Match: in a list', 'If-None-Match: "a", W/"b", {tag}', 304),
    row('If-None-Match: none of a list', 'If-None-Match: "a", W/"b"', 200),
    row('If-None-Match: in the second field', 'If-None-Match: "a"|If-None-Match: {tag}', 304),
    row('If-None-Match: any', 'If-None-Match: *', 304),
    row('If-None-Match: a star in quotes is a tag', 'If-None-Match: "*"', 200),
    row('If-None-Match: a tag with another end', 'If-None-Match: "{bare}x"', 200),
    row('If-None-Match: weak is written W, not w', 'If-None-Match: w/{tag}', 200),

    row('If-Modified-Since: the date', 'If-Modified-Since: {date}', 304),
    row('If-Modified-Since: later', 'If-Modified-Since: {after}', 304),
    row('If-Modified-Since: now', 'If-Modified-Since: {now}', 304),
    row('If-Modified-Since: earlier', 'If-Modified-Since: {before}', 200),
    row('If-Modified-Since: in the form of RFC 850', 'If-Modified-Since: {rfc850}', 304),
    row('If-Modified-Since: in the form of asctime', 'If-Modified-Since: {asctime}', 304),
    row('If-Modified-Since: no date', 'If-Modified-Since: yesterday', 200),
    row('If-Modified-Since: a number', 'If-Modified-Since: 0', 200),
    row('If-Modified-Since: a day that is none',
        'If-Modified-Since: Mon, 32 Nov 2037 00:00:00 GMT', 200),
    row('If-Modified-Since: empty', 'If-Modified-Since:', 200),
    row('If-Modified-Since: twice', 'If-Modified-Since: {date}|If-Modified-Since: {date}', 200),

    row('If-Unmodified-Since: the date', 'If-Unmodified-Since: {date}', 200),
    row('If-Unmodified-Since: later', 'If-Unmodified-Since: {after}', 200),
    row('If-Unmodified-Since: earlier', 'If-Unmodified-Since: {before}', 412),
    row('If-Unmodified-Since: in the form of RFC 850', 'If-Unmodified-Since: {rfc850}', 200),
    row('If-Unmodified-Since: no date', 'If-Unmodified-Since: yesterday', 200),
    row('If-Unmodified-Since: twice',
        'If-Unmodified-Since: {before}|If-Unmodified-Since: {before}', 200),

    row('If-Match takes the place of If-Unmodified-Since',
        'If-Match: {tag}|If-Unmodified-Since: {before}', 200),
    row('If-Match fails, whatever If-Unmodified-Since says',
        'If-Match: "a"|If-Unmodified-Since: {after}', 412),
    row('If-None-Match takes the place of If-Modified-Since',
        'If-None-Match: "a"|If-Modified-Since: {after}', 200),
    row('If-None-Match holds, whatever If-Modified-Since says',
        'If-None-Match: {tag}|If-Modified-Since: {before}', 304),
    row('If-Match is first, and does not hold', 'If-None-Match: {tag}|If-Match: "a"', 412),
    row('If-Match is first, and holds', 'If-None-Match: {tag}|If-Match: {tag}', 304),
    row('If-Match holds, If-Modified-Since does not', 'If-Match: *|If-Modified-Since: {date}', 304),
    row('If-Unmodified-Since is before If-None-Match',
        'If-None-Match: {tag}|If-Unmodified-Since: {before}', 412),
    row('If-Unmodified-Since and If-Modified-Since of one time',
        'If-Unmodified-Since: {date}|If-Modified-Since: {date}', 304),
]

# 13.1.5, and that a condition is judged before a range is looked at. Only GET has ranges (14.2).
IF_RANGE = [
    row('If-Range: the tag', 'If-Range: {tag}|Range: bytes=2-5', 206, [(2, 5)]),
    row('If-Range: compares strongly', 'If-Range: W/{tag}|Range: bytes=2-5', 200),
    row('If-Range: another', 'If-Range: "other"|Range: bytes=2-5', 200),
    row('If-Range: is no list', 'If-Range: {tag}, "b"|Range: bytes=2-5', 200),
    row('If-Range: is no star', 'If-Range: *|Range: bytes=2-5', 200),
    row('If-Range: the date', 'If-Range: {date}|Range: bytes=2-5', 206, [(2, 5)]),
    row('If-Range: earlier', 'If-Range: {before}|Range: bytes=2-5', 200),
    row('If-Range: later is not the same', 'If-Range: {after}|Range: bytes=2-5', 200),
    row('If-Range: no date', 'If-Range: yesterday|Range: bytes=2-5', 200),
    row('If-Range: twice', 'If-Range: {tag}|If-Range: {tag}|Range: bytes=2-5', 200),
    row('If-Range: without a range', 'If-Range: {tag}', 200),
    row('If-Range: before an unsatisfiable range', 'If-Range: {tag}|Range: bytes={n}-', 416),
    row('If-Range: does not hold, an unsatisfiable range', 'If-Range: "a"|Range: bytes={n}-', 200),
    row('If-Range: and several ranges', 'If-Range: {tag}|Range: bytes=0-1,4-5', 206,
        [(0, 1), (4, 5)]),
    row('If-None-Match is judged first', 'If-None-Match: {tag}|Range: bytes=2-5', 304),
    row('If-Match is judged first', 'If-Match: "a"|Range: bytes=2-5', 412),
    row('If-Match fails before an unsatisfiable range', 'If-Match: "a"|Range: bytes={n}-', 412),
    row('If-None-Match that is news', 'If-None-Match: "a"|Range: bytes=2-5', 206, [(2, 5)]),
    row('If-Match that holds, If-Range that does not',
        'If-Match: {tag}|If-Range: "a"|Range: bytes=2-5', 200),
    row('If-Unmodified-Since and a range', 'If-Unmodified-Since: {date}|Range: bytes=2-5', 206,
        [(2, 5)]),
]

# 14.1.1, 14.1.2 and 14.2; 15.5.17 for what no byte satisfies.
SINGLE = [
    row('the first byte', 'Range: bytes=0-0', 206, [(0, 0)]),
    row('the first 500', 'Range: bytes=0-499', 206, [(0, 499)]),
    row('from the middle', 'Range: bytes=500-999', 206, [(500, 999)]),
    row('to the end', 'Range: bytes=500-', 206, [(500, None)]),
    row('from the first byte to the end', 'Range: bytes=0-', 206, [(0, None)]),
    row('the last byte, by its place', 'Range: bytes={m}-{m}', 206, [(-1, None)]),
    row('the last byte, to the end', 'Range: bytes={m}-', 206, [(-1, None)]),
    row('the last 500', 'Range: bytes=-500', 206, [(-500, None)]),
    row('the last byte', 'Range: bytes=-1', 206, [(-1, None)]),
    row('the last, as many as there are', 'Range: bytes=-{n}', 206, [(0, None)]),
    row('the last, more than there are', 'Range: bytes=-9{n}', 206, [(0, None)]),
    row('ends beyond the end', 'Range: bytes=500-9{n}', 206, [(500, None)]),
    row('ends beyond 64 bits', 'Range: bytes=500-99999999999999999999999', 206, [(500, None)]),
    row('ends at 2 to the 64th', 'Range: bytes=500-18446744073709551616', 206, [(500, None)]),
    row('the last, beyond 64 bits', 'Range: bytes=-99999999999999999999999', 206, [(0, None)]),
    row('zeros in front', 'Range: bytes=0002-00000000000000000000000000005', 206, [(2, 5)]),
    row('units have no case', 'Range: BYTES=2-5', 206, [(2, 5)]),
    row('empty elements are none', 'Range: bytes=,,2-5,', 206, [(2, 5)]),
    row('one of two is beyond the end', 'Range: bytes={n}-,2-5', 206, [(2, 5)]),

    row('begins at the end', 'Range: bytes={n}-', 416),
    row('begins beyond the end', 'Range: bytes=9{n}-9{n}9', 416),
    row('begins beyond 64 bits', 'Range: bytes=99999999999999999999999-', 416),
    row('the last none', 'Range: bytes=-0', 416),
    row('two beyond the end', 'Range: bytes={n}-,9{n}-', 416),
    row('one beyond the end and the last none', 'Range: bytes={n}-,-0', 416),

    row('ends before it begins', 'Range: bytes=5-4', 200),
    row('one of two ends before it begins', 'Range: bytes=0-0,5-4', 200),
    row('no numbers', 'Range: bytes=-', 200),
    row('no range', 'Range: bytes=', 200),
    row('only commas', 'Range: bytes=,,', 200),
    row('letters', 'Range: bytes=a-b', 200),
    row('a hexadecimal number', 'Range: bytes=0x0-5', 200),
    row('a sign', 'Range: bytes=+1-5', 200),
    row('two hyphens', 'Range: bytes=--5', 200),
    row('three numbers', 'Range: bytes=0-4-5', 200),
    row('a fraction', 'Range: bytes=1.5-6', 200),
    row('a number alone', 'Range: bytes=5', 200),
    row('spaces in a range', 'Range: bytes=2 - 5', 200),
    row('something behind a range', 'Range: bytes=2-5,x', 200),
    row('a semicolon for a comma', 'Range: bytes=0-1;4-5', 200),
    row('another unit', 'Range: items=2-5', 200),
    row('no unit', 'Range: 2-5', 200),
    row('no equals sign', 'Range: bytes 2-5', 200),
    row('an unknown unit that begins alike', 'Range: bytesx=2-5', 200),
    row('empty', 'Range:', 200),
    row('two fields', 'Range: bytes=2-5|Range: bytes=2-5', 200),
]

# 14.6, 15.3.7.2, and 17.15 for those who ask for too much.
SEVERAL = [
    row('two', 'Range: bytes=0-0,-1', 206, [(0, 0), (-1, None)]),
    row('three', 'Range: bytes=0-9,20-29,40-49', 206, [(0, 9), (20, 29), (40, 49)]),
    row('white space and empty elements', 'Range: bytes=0-9 , 20-29,,  40-49', 206,
        [(0, 9), (20, 29), (40, 49)]),
    row('in the order of the request', 'Range: bytes=900-999,0-99', 206, [(900, 999), (0, 99)]),
    row('that touch', 'Range: bytes=0-99,100-199', 206, [(0, 99), (100, 199)]),
    row('two that overlap', 'Range: bytes=0-9,5-14', 206, [(0, 9), (5, 14)]),
    row('one twice', 'Range: bytes=5-9,5-9', 206, [(5, 9), (5, 9)]),
    row('all of it, twice', 'Range: bytes=0-,0-', 206, [(0, None), (0, None)]),
    row('those beyond the end are left out', 'Range: bytes=0-9,{n}-,20-29', 206,
        [(0, 9), (20, 29)]),
    row('half of the file and the other half', 'Range: bytes=5000-,0-4999', 206,
        [(5000, None), (0, 4999)]),
    row('sixteen', 'Range: bytes=' + ','.join(f'{at}-{at + 3}' for at in range(0, 160, 10)), 206,
        [(at, at + 3) for at in range(0, 160, 10)]),
    row('seventeen are too many', 'Range: bytes=' + ','.join(f'{at}-{at}' for at in range(17)),
        200),
    row('three that overlap are an attack', 'Range: bytes=0-,0-,0-', 200),
    row('a thousand are an attack', 'Range: bytes=' + ','.join(['0-'] * 1000), 200),
]
