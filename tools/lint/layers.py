#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Refuses an #include that the layer table does not allow.

The table is the `rooms` array of gateway/meson.build, the same rows that the build links by: a room
includes itself, the rooms that its row lists and the libraries that its row lists, nothing else."""
import ast
import re
import sys

import tree

TABLE = 'gateway/meson.build'

# Rows that stand below the table: they know nothing of ours.
BELOW = {'uring': (set(), {'liburing', 'absl'})}

# The include that a library's name in a row allows.
LIBRARIES = {
    'absl': r'absl/',
    'liburing': r'liburing(\.h$|/)',
    'beast': r'boost/',
    'openssl': r'openssl/',
    'simdjson': r'simdjson(\.h$|/)',
    'toml++': r'toml\+\+/',
    'cli11': r'CLI/',
    'spdlog': r'spdlog/',
    'json': r'nlohmann/',
    'zlib': r'zlib\.h$',
    'libbpf': r'bpf/',
    'threads': r'(thread|future|pthread\.h)$',
}

# Heavy to compile: in one .cc of a room, and never in a header.
HEAVY = ('toml++', 'cli11', 'beast', 'json')

# Rooms that think never touch the kernel: bytes, the clock and chance come in as arguments.
PURE = ('base', 'config', 'http', 'ws', 'flow', 'proxy', 'route', 'session')
KERNEL = re.compile(
    r'(sys|linux|asm|net|netinet|arpa)/|(aio|dirent|dlfcn|fcntl|fstream|filesystem|ifaddrs|netdb'
    r'|poll|sched|signal|csignal|spawn|syscall|syslog|termios|unistd|wait)(\.h)?$')
# base maps the arena's memory; inet_pton and its kind only turn text into addresses.
KERNEL_ALLOWED = {'base': ('sys/mman.h',), 'config': ('arpa/inet.h',), 'proxy': ('arpa/inet.h',)}

# System headers that have a slash and are no library.
SYSTEM = re.compile(r'(sys|linux|asm|net|netinet|arpa|experimental)/')

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.M)


def read_table(text):
    """{room: (rooms that it may include, libraries)} out of the text of gateway/meson.build."""
    found = re.search(r'^rooms = (\[.*?^\])', text, re.M | re.S)
    if not found:
        raise ValueError(f'{TABLE}:1: no array `rooms = [` that ends with a `]` in column 1')
    without_comments = re.sub(r'#[^\n]*', '', found.group(1))
    return {name: (set(may), set(libraries))
            for name, may, libraries in ast.literal_eval(without_comments)}


def room_of(path):
    """The row that a file is held to; None: tools, bench and tests may include anything."""
    parts = path.split('/')
    if parts[0] in BELOW:
        return parts[0]
    if parts[0] == 'gateway' and len(parts) > 2:
        return parts[1]
    if path == 'gateway/main.cc':
        return 'main.cc'
    return None


def library_of(include):
    for name, pattern in LIBRARIES.items():
        if re.match(pattern, include):
            return name
    return None


def is_library(quoted):
    """A library may be quoted too ("absl/..."); but "bpf/..." in quotes is our own room."""
    return library_of(quoted) is not None and not quoted.startswith('bpf/')


def check_quoted(files, path, line, include, room, may):
    head, _, rest = include.partition('/')
    target = rest.split('/')[0] if head == 'gateway' and '/' in rest else head
    if include not in files.paths:
        files.complain(path, line, f'"{include}" is no file of this tree, written from its root')
    elif target != room and target not in may:
        listed = ', '.join(sorted(may)) or 'nothing'
        files.complain(path, line, f'{room} includes "{include}"; its row lists {listed}')


def check_library(files, path, line, include, room, libraries):
    library = library_of(include)
    if library and library not in libraries:
        files.complain(path, line, f'{room} includes <{include}>; its row does not list {library}')
    elif not library and '/' in include and not SYSTEM.match(include):
        files.complain(path, line, f'<{include}> belongs to no library that layers.py knows')
    if room in PURE and not library and KERNEL.match(include):
        if include not in KERNEL_ALLOWED.get(room, ()):
            files.complain(path, line, f'{room} never touches the kernel: <{include}>')


def check_heavy(files, includes):
    """`includes`: (path, line, library) of every heavy library in the tree."""
    first = {}
    for path, line, library in includes:
        if files.kind(path) == 'header':
            files.complain(path, line, f'{library} is heavy: include it in one .cc, never a header')
            continue
        folder = path.rsplit('/', 1)[0]
        other = first.setdefault((folder, library), path)
        if other != path and room_of(path):
            files.complain(path, line, f'{library} is heavy and {other} has it already')


def check(files):
    try:
        rows = dict(BELOW, **read_table(files.text(TABLE)))
    except (OSError, ValueError, SyntaxError) as error:
        files.complain(TABLE, 1, f'the layer table cannot be read: {error}')
        return 0
    rows['main.cc'] = ({'server'}, set())
    heavy = []
    edges = 0
    for path in files.cpp():
        room = room_of(path)
        if room and room not in rows:
            files.complain(path, 1, f'the room {room} has no row in {TABLE}')
            continue
        text = files.text(path)
        code = tree.code_only(text)
        for match in INCLUDE.finditer(code):
            line = code.count('\n', 0, match.start()) + 1
            quoted, angled = match.groups()
            edges += 1
            if library_of(quoted or angled) in HEAVY:
                heavy.append((path, line, library_of(quoted or angled)))
            if room and quoted and not is_library(quoted):
                check_quoted(files, path, line, quoted, room, rows[room][0])
            elif room:
                check_library(files, path, line, quoted or angled, room, rows[room][1])
    check_heavy(files, heavy)
    return edges


def main():
    options = tree.arguments(__doc__)
    files = tree.Tree(options.root)
    edges = check(files)
    return files.finish(f'{edges} includes')


if __name__ == '__main__':
    sys.exit(main())
