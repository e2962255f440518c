#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""noVNC without websockify: Debian's files of it come from a static route, and its WebSocket
reaches a real VNC server through a tcp route. What is drawn on the desktop has to be on the canvas,
pixel by pixel, and what is done to the canvas has to reach the desktop."""
import base64
import contextlib
import pathlib
import sys

import chromium
import harness
import tap
import vnc

FILES = pathlib.Path('/usr/share/novnc')

RED, BLUE, GREEN, WHITE = (200, 16, 46), (11, 61, 145), (15, 118, 110), (255, 255, 255)

# Two rings and a bar, so that no turn or mirror image is taken for it.
RINGS = vnc.Picture(
    lambda x, y: (8100 < (x - 200) ** 2 + (y - 200) ** 2 < 16900 or
                  2500 < (x - 440) ** 2 + (y - 300) ** 2 < 6400 or 420 < y < 440 and x < 320),
    WHITE, BLUE)
STRIPES = vnc.Picture(lambda x, y: (x + 2 * y) % 160 < 60, RED, GREEN)

# Its small page says when it is connected; its whole one, which a folder's index leads to, does so
# by an attribute.
LITE = ('vnc_lite.html?path=websockify',
        'document.getElementById("status").textContent.startsWith("Connected to ")')
WHOLE = ('?autoconnect=true', 'document.documentElement.classList.contains("noVNC_connected")')

# What the browser says of these files wherever they are served from: there is no icon, the version
# is looked for in a file that Debian leaves out, and one word is out of date.
FLAWS = ('/favicon.ico', 'package.json', 'apple-mobile-web-app-capable')

CANVAS = 'document.querySelector(":is(#screen, #noVNC_container) canvas")'
# Its pixels in base64, or nothing while it has another size than the desktop.
PIXELS = f'''new Promise((done) => {{
  const canvas = {CANVAS};
  if (canvas?.width != {vnc.WIDTH} || canvas.height != {vnc.HEIGHT}) {{
    done("");
    return;
  }}
  const pen = new OffscreenCanvas(canvas.width, canvas.height)
      .getContext("2d", {{willReadFrequently: true}});
  pen.drawImage(canvas, 0, 0);
  const {{data}} = pen.getImageData(0, 0, canvas.width, canvas.height);
  const reader = new FileReader();
  reader.addEventListener("load", () => done(reader.result.split(",")[1]));
  reader.readAsDataURL(new Blob([data]));
}})'''


def why_not():
    if not FILES.is_dir():
        return 'novnc is not installed'
    return chromium.WHY_NOT or vnc.why_not()


def config(port):
    return harness.toml([
        ('[gateway]', {'workers': 1, 'log_level': 'debug'}),
        ('[[listener]]', {'name': 'in', 'address': '127.0.0.1:0'}),
        ('[[route]]', {'name': 'viewer', 'listener': 'in', 'path': '/*', 'mode': 'static',
                       'root': str(FILES), 'index': 'vnc.html'}),
        ('[[route]]', {'name': 'desktop', 'listener': 'in', 'path': '/websockify', 'mode': 'tcp',
                       'backend': 'vnc', 'subprotocols': ['binary']}),
        ('[[backend]]', {'name': 'vnc', 'servers': [f'127.0.0.1:{port}']}),
    ])


@contextlib.contextmanager
def viewer(port, page, connected):
    """A browser with noVNC that has connected to the desktop behind the gateway's `port`."""
    with chromium.Browser(vnc.WIDTH, vnc.HEIGHT + 40, 1) as browser:
        browser.open(f'http://127.0.0.1:{port}/{page}')
        browser.until(connected, 'the connection')
        yield browser
        browser.troubles = [each for each in browser.troubles
                            if not any(flaw in str(each) for flaw in FLAWS)]
        browser.expect_no_trouble()


@contextlib.contextmanager
def shown(page):
    """(desktop, browser): a desktop with the rings on it, and a browser that shows them."""
    with vnc.Desktop() as desktop, harness.Gateway(text=config(desktop.port)) as gateway:
        desktop.draw(RINGS)
        with viewer(gateway.port, *page) as browser:
            yield desktop, browser
        # Served files stay for the next who asks.
        gateway.remembered = 256


def expect_canvas(browser, picture):
    wanted = picture.rgba()

    def follows():
        return base64.b64decode(browser.evaluate(PIXELS)) == wanted
    try:
        harness.wait_for(follows, 'the picture on the canvas', seconds=20)
    except AssertionError:
        browser.photograph('novnc-wrong')
        raise


@tap.case('so does the canvas of the whole viewer', WHOLE, 'whole')
@tap.case('the canvas shows what is drawn on the desktop, pixel by pixel, and follows it',
          LITE, 'lite')
def picture_shown(page, name):
    with shown(page) as (desktop, browser):
        expect_canvas(browser, RINGS)
        browser.photograph(f'novnc-{name}-rings')
        for picture in (STRIPES, RINGS, STRIPES):
            desktop.draw(picture)
            expect_canvas(browser, picture)
        browser.photograph(f'novnc-{name}-stripes')


def mouse(browser, kind, x, y, **options):
    """At a pixel of the canvas, whose corner may lie between two of the screen."""
    left, top = browser.evaluate(f'''(() => {{
      const box = {CANVAS}.getBoundingClientRect();
      return [Math.ceil(box.x), Math.ceil(box.y)];
    }})()''')
    browser.call('Input.dispatchMouseEvent', type=kind, x=left + x, y=top + y, **options)


@tap.case('pointer, button and keys of the browser reach the desktop')
def input_arrives():
    with shown(LITE) as (desktop, browser):
        seen = vnc.Input(desktop.display)
        with contextlib.closing(seen):
            expect_canvas(browser, RINGS)
            mouse(browser, 'mouseMoved', 123, 45)
            harness.wait_for(lambda: seen.pointer() == (123, 45, False), 'the pointer to move')
            mouse(browser, 'mousePressed', 300, 200, button='left', buttons=1, clickCount=1)
            harness.wait_for(lambda: seen.pointer() == (300, 200, True), 'the button to go down')
            mouse(browser, 'mouseReleased', 300, 200, button='left', clickCount=1)
            harness.wait_for(lambda: seen.pointer() == (300, 200, False), 'the button to go up')
            key = {'key': 'r', 'code': 'KeyR', 'windowsVirtualKeyCode': ord('R')}
            browser.call('Input.dispatchKeyEvent', type='keyDown', text='r', **key)
            harness.wait_for(lambda: seen.held(ord('r')), 'the key to go down')
            browser.call('Input.dispatchKeyEvent', type='keyUp', **key)
            harness.wait_for(lambda: not seen.held(ord('r')), 'the key to go up')


if __name__ == '__main__':
    sys.exit(tap.main(skip=why_not()))
