# SPDX-License-Identifier: Apache-2.0
"""A desktop without a screen that a VNC server shows: TigerVNC's Xtigervnc, pictures that are drawn
on it by xsetroot, and where its pointer is and which keys are held, by libX11."""
import ctypes
import os
import shutil
import socket

import harness
import tap

WIDTH, HEIGHT = 640, 480
LEFT_BUTTON = 1 << 8  # Button1Mask of X.h


def why_not():
    """Why there can be no desktop here, or None."""
    for program, package in (('Xtigervnc', 'tigervnc-standalone-server'),
                             ('xsetroot', 'x11-xserver-utils')):
        if not shutil.which(program):
            return f'{package} is not installed'
    return None


class Picture:
    """Two colours over the whole desktop, (red, green, blue) each: `front` where `covers(x, y)`."""

    def __init__(self, covers, front, back):
        self._rows = [[covers(x, y) for x in range(WIDTH)] for y in range(HEIGHT)]
        self.front = front
        self.back = back

    def rgba(self):
        """As a canvas tells its pixels."""
        pixels = {True: bytes([*self.front, 255]), False: bytes([*self.back, 255])}
        return b''.join(pixels[covered] for row in self._rows for covered in row)

    def bitmap(self):
        """As an XBM file: eight pixels a byte, the leftmost in the lowest bit."""
        octets = [sum(row[x + bit] << bit for bit in range(8))
                  for row in self._rows for x in range(0, WIDTH, 8)]
        return (f'#define p_width {WIDTH}\n#define p_height {HEIGHT}\n'
                'static unsigned char p_bits[] = {\n' + ',\n'.join(map(hex, octets)) + '};\n')


def colour(rgb):
    return '#' + bytes(rgb).hex()


class Desktop(harness.Server):
    """The server, on a free display and a free port of the loopback address."""

    def __init__(self):
        told, tell = os.pipe()
        # Bound, not listening: the port stays free until the server, which reuses addresses too,
        # listens on it.
        with socket.socket() as held, os.fdopen(told) as answer:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind(('127.0.0.1', 0))
            self.port = held.getsockname()[1]
            # No pointer is drawn, so that every pixel is one of the picture.
            super().__init__(['Xtigervnc', '-displayfd', tell, '-geometry', f'{WIDTH}x{HEIGHT}',
                              '-depth', '24', '-desktop', 'a desktop', '-nocursor',
                              '-nolisten', 'tcp', '-localhost', '-rfbport', self.port,
                              '-SecurityTypes', 'None'], pass_fds=[tell])
            os.close(tell)
            try:
                # A server that cannot start closes its end.
                self.display = f':{answer.readline().strip()}'
                tap.check(self.display != ':', f'no display:\n{self.log()}')
                self.wait_log(f'port {self.port}$')
            except BaseException:
                self.close()
                raise

    def draw(self, picture):
        file = self.folder / 'picture.xbm'
        file.write_text(picture.bitmap())
        result = harness.run('xsetroot', '-display', self.display, '-bitmap', file,
                             '-fg', colour(picture.front), '-bg', colour(picture.back))
        tap.equal((result.returncode, result.stderr), (0, ''), 'xsetroot')

    def close(self):
        """In order, so that no lock of the display stays."""
        self.child.terminate()
        try:
            self.wait()
        finally:
            super().close()


class Input:
    """What a program on the desktop sees of pointer and keys."""

    def __init__(self, display):
        self._library = ctypes.CDLL('libX11.so.6')
        self._library.XOpenDisplay.restype = ctypes.c_void_p
        self._library.XDefaultRootWindow.restype = ctypes.c_ulong
        self._display = ctypes.c_void_p(self._library.XOpenDisplay(display.encode()))
        tap.check(self._display, f'cannot connect to display {display}')
        self._root = ctypes.c_ulong(self._library.XDefaultRootWindow(self._display))

    def pointer(self):
        """(x, y, whether the left button is held)"""
        windows = [ctypes.c_ulong() for _ in range(2)]
        places = [ctypes.c_int() for _ in range(4)]
        mask = ctypes.c_uint()
        self._library.XQueryPointer(self._display, self._root,
                                    *map(ctypes.byref, [*windows, *places, mask]))
        return places[0].value, places[1].value, bool(mask.value & LEFT_BUTTON)

    def held(self, keysym):
        """Whether the key of a symbol of keysymdef.h is held down."""
        keys = ctypes.create_string_buffer(32)
        self._library.XQueryKeymap(self._display, keys)
        code = self._library.XKeysymToKeycode(self._display, ctypes.c_ulong(keysym)) & 255
        return bool(code and keys.raw[code // 8] >> code % 8 & 1)

    def close(self):
        self._library.XCloseDisplay(self._display)
