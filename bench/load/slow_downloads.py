#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many clients that download files and hardly read: each has a small receive buffer and takes some
KiB now and then, in the order of the connections and spread over time.

What arrives is compared with the file, byte for byte. When all connections are open and have read
something the program says `open`; after SIGTERM, or when the time is over, it resets every other
connection, closes the rest, and prints {"bytes": N, "errors": {...}}. Exit codes: 0 no error, 1
errors."""
import argparse
import collections
import itertools
import json
import mmap
import pathlib
import resource
import signal
import socket
import struct
import sys
import time

CONNECT_SECONDS = 10
HEAD_BYTES_MAX = 4096


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1")
    parser.add_argument("--prefix", default="/", help="of the paths (default /)")
    parser.add_argument("files", nargs="+", type=pathlib.Path,
                        help="what the paths, prefix and name, lead to; the connections share them")
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--receive-buffer", type=int, default=4096, help="SO_RCVBUF, bytes")
    parser.add_argument("--bytes", type=int, default=4096, help="one read takes (default 4096)")
    parser.add_argument("--interval", type=float, default=0.25,
                        help="seconds between two reads of a connection (default 0.25)")
    parser.add_argument("--seconds", type=float, default=60, help="at most (default 60)")
    return parser.parse_args()


class Download:
    """One connection, and how far it has read."""

    def __init__(self, arguments, file, content):
        self.content = content
        self.offset = 0
        self.head = b""
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, arguments.receive_buffer)
        self.socket.settimeout(CONNECT_SECONDS)
        self.socket.connect(("127.0.0.1", arguments.port))
        self.socket.sendall(f"GET {arguments.prefix}{file.name} HTTP/1.1\r\n"
                            "Host: slow.example\r\n\r\n".encode())
        self.socket.setblocking(False)

    def read(self, count):
        """Takes what is there, at most `count` bytes; returns what is wrong, or None."""
        try:
            data = self.socket.recv(count)
        except BlockingIOError:
            return None
        except ConnectionError as error:
            return type(error).__name__
        if not data:
            return "the end came early"
        return self._compare(data) if self.offset else self._begin(data)

    def _begin(self, data):
        self.head += data
        head, end, rest = self.head.partition(b"\r\n\r\n")
        if not end:
            return "a head without an end" if len(self.head) > HEAD_BYTES_MAX else None
        if not head.startswith(b"HTTP/1.1 200 "):
            return head.split(b"\r\n", 1)[0].decode("latin-1")
        return self._compare(rest) if rest else None

    def _compare(self, data):
        wanted = self.content[self.offset:self.offset + len(data)]
        self.offset += len(data)
        return None if data == wanted else "bytes differ"

    @property
    def is_whole(self):
        return self.offset == len(self.content)

    def close(self, by_reset):
        if by_reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Downloads:
    """All of them. One that is whole, or broken, begins anew."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.errors = collections.Counter()
        self.bytes = 0
        self.done = False
        self.contents = [(file, self._mapped(file)) for file in arguments.files]
        self.all = [self._begin(number) for number in range(arguments.connections)]

    @staticmethod
    def _mapped(file):
        with open(file, "rb") as opened:
            return mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ)

    def _begin(self, number):
        return Download(self.arguments, *self.contents[number % len(self.contents)])

    def read(self, number):
        download = self.all[number]
        before = download.offset
        error = download.read(self.arguments.bytes)
        self.bytes += download.offset - before
        if error:
            self.errors[error] += 1
        if error or download.is_whole:
            download.close(by_reset=False)
            self.all[number] = self._begin(number)

    def read_on(self):
        """Each in its turn, evenly spread over the interval."""
        deadline = time.monotonic() + self.arguments.seconds
        pause = self.arguments.interval / len(self.all)
        due = time.monotonic()
        announced = False
        for number in itertools.cycle(range(len(self.all))):
            now = time.monotonic()
            if self.done or now > deadline:
                return
            if due > now:
                time.sleep(max(due - now, 0.001))
            due += pause
            self.read(number)
            if number == 0 and not announced and all(each.offset for each in self.all):
                print("open", flush=True)
                announced = True

    def stop(self, *_):
        self.done = True

    def close(self):
        for number, download in enumerate(self.all):
            download.close(by_reset=number % 2 == 0)


def main():
    arguments = parse_arguments()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    downloads = Downloads(arguments)
    signal.signal(signal.SIGTERM, downloads.stop)
    downloads.read_on()
    downloads.close()
    print(json.dumps({"bytes": downloads.bytes, "errors": downloads.errors}), flush=True)
    return 1 if downloads.errors else 0


if __name__ == "__main__":
    sys.exit(main())
