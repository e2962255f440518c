#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The demo's page in a real browser, served by the gateway that it shows: every button does what it
says, and it looks as it should."""
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import sys

import chromium
import harness
import tap
import ws_service
from demo import Demo

PAGE = harness.RINGWAY.parent / 'page'
TYPES = {'.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript',
         '.svg': 'image/svg+xml'}
FILE_BYTES = 1 << 20
# What the log keeps.
LINES = 200

STATE = 'document.getElementById("state").dataset.state'
RECEIVED = '[...document.querySelectorAll("#log .received .words")].map((each) => each.textContent)'


async def stream_echo(connection):
    """Echoes bytes in binary messages that are cut anywhere."""
    async for message in connection:
        left = message.encode() if isinstance(message, str) else message
        while left:
            size = random.choice([1, 7, 1000, 40_000])
            await connection.send(left[:size])
            left = left[size:]


@contextlib.contextmanager
def opened():
    """A browser that shows the page of a demo. Until the end it may complain of nothing, and ask
    nobody but the demo for anything; a WebSocket goes where it is told to."""
    with Demo() as demo, chromium.Browser() as browser:
        browser.open(demo.page)
        tap.equal(browser.text('state'), 'not connected')
        yield browser
        browser.expect_no_trouble()
        strangers = [url for url in browser.requests if not url.startswith((demo.page, 'ws://'))]
        tap.equal(strangers, [], 'requests elsewhere')
        demo.signal(signal.SIGTERM)
        tap.equal(demo.wait(), 0, 'exit code')


def connect(browser, url=None):
    if url:
        browser.fill('url', url)
    browser.click('connect')
    browser.until(f'{STATE} == "open"', 'the connection')


def send(browser, text):
    browser.fill('text', text)
    browser.click('send')


def await_text(browser, text):
    browser.until(f'{RECEIVED}.at(-1) == {ws_text(text)}', f'{text!r} in the log')


def ws_text(text):
    """As a literal of JavaScript."""
    return json.dumps(text)


def end_in_order(browser):
    browser.click('connect')
    browser.until(f'{STATE} == "closed"', 'the end')
    tap.equal((browser.text('close-code'), browser.text('close-reason')), ('1000', 'bye'), 'close')


@contextlib.contextmanager
def chosen_file(browser):
    folder = harness.scratch_folder()
    try:
        file = folder / 'random.bin'
        file.write_bytes(os.urandom(FILE_BYTES))
        browser.choose_file('file', file)
        yield file
    finally:
        shutil.rmtree(folder)


def send_file(browser):
    """Sends the file that was chosen; how that went."""
    browser.click('send-file')
    outcome = 'document.getElementById("file-state").dataset.outcome'
    browser.until(f'["verified", "failed"].includes({outcome})', 'the file', seconds=30)
    return browser.evaluate(outcome)


def file_answers(browser):
    """{name: (status, headers)} of the page's files that were asked for."""
    return {url.rsplit('/', 1)[1] or 'index.html': answer
            for url, answer in browser.answers().items()}


@tap.case('all files come from the static route, each with its type; a reload sends no body again')
def files():
    with opened() as browser:
        names = {file.name for file in PAGE.iterdir()}
        browser.hear(lambda: set(file_answers(browser)) >= names, f'an answer for each of {names}')
        for name, (status, headers) in file_answers(browser).items():
            tap.equal(status, 200, name)
            kind = TYPES[pathlib.Path(name).suffix]
            tap.equal(headers['content-type'].split(';')[0], kind, f'type of {name}')
            tap.equal(headers['content-length'], str((PAGE / name).stat().st_size), name)
        # Whether it asks for the icon again, and how, a browser decides by rules of its own.
        names.remove('favicon.svg')
        browser.forget_traffic()
        browser.reload()
        browser.hear(lambda: set(file_answers(browser)) >= names, 'the answers to the reload')
        tap.equal({name: file_answers(browser)[name][0] for name in names},
                  {name: 304 for name in names}, 'status after the reload')
        connect(browser)
        end_in_order(browser)


@tap.case('the policy of the page keeps it from asking another host')
def policy():
    with opened() as browser, Demo() as other:
        outcome = browser.evaluate(f'fetch("{other.page}").then(() => "sent", () => "refused")')
        tap.equal(outcome, 'refused')
        browser.hear(lambda: any('Content Security Policy' in str(each)
                                 for each in browser.troubles), 'the complaint')
        browser.troubles.clear()
        browser.requests.clear()


@tap.case('so it does in frames that are cut anywhere', stream_echo)
@tap.case('text that is sent comes back into the log')
def text(service=None):
    with contextlib.ExitStack() as stack:
        url = None
        if service:
            port = stack.enter_context(ws_service.Service(service)).port
            url = f'ws://127.0.0.1:{port}/'
        browser = stack.enter_context(opened())
        connect(browser, url)
        for words in ('hello', 'Grüße, 世界 🌍', 'x' * 1500, '<b>no markup</b>'):
            send(browser, words)
            await_text(browser, words)
        tap.check(' ms' in browser.evaluate('document.querySelector("#log .received .aside")'
                                            '.textContent'), 'no round-trip time in the log')
        browser.until('document.getElementById("rtt").textContent.endsWith(" ms")', 'a round trip')
        end_in_order(browser)


@tap.case('a keyboard is enough: Enter connects, Enter sends')
def keyboard():
    with opened() as browser:
        browser.press('Tab')
        tap.equal(browser.evaluate('document.activeElement.id'), 'url')
        browser.press('Enter')
        browser.until(f'{STATE} == "open"', 'the connection')
        browser.press('Tab')
        browser.press('Tab')
        tap.equal(browser.evaluate('document.activeElement.id'), 'text')
        browser.type('by hand')
        browser.press('Enter')
        await_text(browser, 'by hand')


@tap.case('a file of 1 MiB comes back and is verified')
def file_verified():
    with opened() as browser, chosen_file(browser):
        tap.check(browser.evaluate('document.getElementById("send-file").disabled'),
                  'a file can be sent before there is a connection')
        connect(browser)
        tap.equal(send_file(browser), 'verified', browser.text('file-state'))
        tap.equal(browser.evaluate('document.getElementById("progress").value'), 1, 'progress')
        tap.equal(send_file(browser), 'verified', 'the same file again')
        end_in_order(browser)


@tap.case('a file that comes back with one bit changed is not verified')
def file_changed():
    async def change(connection):
        count = 0
        async for message in connection:
            count += 1
            if count == 5:
                message = message[:-1] + bytes([message[-1] ^ 1])
            await connection.send(message)
    with ws_service.Service(change) as service, opened() as browser, chosen_file(browser):
        connect(browser, f'ws://127.0.0.1:{service.port}/')
        tap.equal(send_file(browser), 'failed')
        tap.check('differs' in browser.text('file-state'), browser.text('file-state'))
        end_in_order(browser)


@tap.case('a file whose connection ends half-way is not verified')
def file_cut():
    async def leave(connection):
        for _ in range(3):
            await connection.send(await connection.recv())
        await connection.close(1011, 'enough')
    with ws_service.Service(leave) as service, opened() as browser, chosen_file(browser):
        connect(browser, f'ws://127.0.0.1:{service.port}/')
        tap.equal(send_file(browser), 'failed')
        tap.check('ended before' in browser.text('file-state'), browser.text('file-state'))
        tap.equal((browser.text('close-code'), browser.text('close-reason')), ('1011', 'enough'))
        tap.check('Server error' in browser.text('close-meaning'), browser.text('close-meaning'))


@tap.case('a service that does not echo is shown as it speaks, without round trips')
def no_echo():
    async def shout(connection):
        await connection.send('who is there?')
        async for message in connection:
            await connection.send(message.upper())
        await connection.close()
    with ws_service.Service(shout) as service, opened() as browser:
        connect(browser, f'ws://127.0.0.1:{service.port}/')
        await_text(browser, 'who is there?')
        for words in ('me', 'again me'):
            send(browser, words)
            await_text(browser, words.upper())
        tap.equal(browser.text('rtt'), '–', 'round trip')
        tap.equal(browser.text('log').count('this is no echo'), 1, 'notes about it')
        end_in_order(browser)


@tap.case('a connection that is refused ends with 1006 and a sentence about it')
def refused():
    with opened() as browser:
        browser.fill('url', 'ws://127.0.0.1:1/')
        browser.click('connect')
        browser.until('document.getElementById("close-code").textContent == "1006"', 'the end')
        tap.check('No Close frame' in browser.text('close-meaning'), browser.text('close-meaning'))
        tap.check(all('ERR_' in str(each) for each in browser.troubles), str(browser.troubles))
        browser.troubles.clear()


@tap.case('the log keeps its last 200 lines')
def bounded_log():
    with opened() as browser:
        connect(browser)
        browser.evaluate('''for (let i = 0; i < 150; ++i) {
          document.getElementById("text").value = `line ${i}`;
          document.getElementById("talk").requestSubmit();
        }''')
        await_text(browser, 'line 149')
        tap.equal(browser.evaluate('document.getElementById("log").childElementCount'), LINES)
        end_in_order(browser)


def start_load(browser):
    browser.fill('load-bytes', '2000')
    browser.fill('load-count', '4')
    browser.click('load')
    browser.until('parseFloat(document.getElementById("rate").textContent) > 0', 'a rate')
    browser.until('document.getElementById("rtt-p99").textContent.endsWith("s")', 'a 99th')


@tap.case('a load moves the figures until it is stopped, and text passes beside it')
def load_stopped():
    with opened() as browser:
        connect(browser)
        start_load(browser)
        send(browser, 'between')
        await_text(browser, 'between')
        tap.equal(browser.text('load'), 'Stop')
        browser.click('load')
        browser.until('document.getElementById("load-state").dataset.outcome == "done"', 'the end')
        tap.equal(browser.text('load'), 'Load')
        end_in_order(browser)


def expect_sharp_spark(browser):
    """As many device pixels as it covers, and round trips drawn in the accent's colour."""
    width, wanted, drawn = browser.evaluate('''(() => {
      const canvas = document.getElementById("spark");
      const pixels = new DataView(canvas.getContext("2d").getImageData(
          0, 0, canvas.width, canvas.height).data.buffer);
      const accent = getComputedStyle(canvas).getPropertyValue("--accent").trim();
      const wanted = parseInt(accent.slice(1) + "ff", 16) >>> 0;
      let drawn = 0;
      for (let at = 0; at < pixels.byteLength; at += 4) drawn += pixels.getUint32(at) == wanted;
      return [canvas.width, Math.round(canvas.clientWidth * devicePixelRatio), drawn];
    })()''')
    tap.equal(width, wanted, 'width of the canvas')
    tap.check(drawn > 100, f'{drawn} pixels have the colour of the accent')


def photograph(browser, name):
    browser.photograph(f'page-{name}')
    return browser.evaluate('getComputedStyle(document.body).backgroundColor')


@tap.case('the page follows the preferred colours and fits 360 pixels; pictures are kept')
def pictures():
    with opened() as browser, chosen_file(browser):
        connect(browser)
        send(browser, 'hello, Ringway')
        await_text(browser, 'hello, Ringway')
        tap.equal(send_file(browser), 'verified', browser.text('file-state'))
        start_load(browser)
        browser.until('document.getElementById("load-state").dataset.outcome == "done"',
                      'the load to end by itself', seconds=20)
        grounds = []
        for scheme in ('dark', 'light'):
            browser.prefer(scheme)
            grounds.append(photograph(browser, scheme))
        tap.check(grounds[0] != grounds[1], f'one ground for both: {grounds}')
        end_in_order(browser)
        browser.resize(360, 780, 3)
        photograph(browser, 'narrow')
        expect_sharp_spark(browser)
        tap.equal(browser.evaluate('document.documentElement.scrollWidth'), 360, 'width')


if __name__ == '__main__':
    sys.exit(tap.main(skip=chromium.WHY_NOT or ws_service.WHY_NOT))
