# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium without a screen, driven over its own pipe (the DevTools protocol): a page is
opened, clicked, typed into, waited for and photographed. Whatever the browser itself complains
about is collected in `troubles`, the URLs that it asks for in `requests`.

    with chromium.Browser() as browser:
        browser.open(url)
        browser.click('connect')
        browser.until('document.title == "x"', 'the title')"""
import base64
import fcntl
import json
import os
import select
import shutil
import time

import harness
import tap

CHROMIUM = shutil.which('chromium')
PICTURES = harness.BUILD / 'artefacts'
WHY_NOT = None if CHROMIUM else 'chromium is not installed'

OPTIONS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
           '--no-first-run', '--no-default-browser-check', '--no-proxy-server',
           '--disable-background-networking', '--disable-component-update', '--disable-sync',
           '--disable-extensions', '--force-color-profile=srgb', '--hide-scrollbars', '--lang=en',
           '--remote-debugging-pipe']

# bash, since the browser expects its pipe at 3 and 4, and those may be in use here.
WITH_PIPE = 'exec "$@" 3<&{} 4>&{}'
LOWEST_FREE = 10

LOADED = '''new Promise((done) => document.readyState == "complete" ? done() :
  addEventListener("load", () => done()))'''

# Resolves as soon as `condition` holds; looks again whenever anything in the document changes.
UNTIL = '''new Promise((resolve) => {
  const look = () => {
    if (!(%s)) return;
    watcher.disconnect();
    resolve(true);
  };
  const watcher = new MutationObserver(look);
  watcher.observe(document, {subtree: true, childList: true, attributes: true,
                             characterData: true});
  look();
})'''

KEYS = {'Enter': (13, '\r'), 'Tab': (9, ''), 'Space': (32, ' ')}


def _pipe():
    """(read end, write end), both above the numbers that bash is to fill."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, LOWEST_FREE) for end in ends]
    for end in ends:
        os.close(end)
    return moved


class Browser:
    """One browser with one page, of `width` x `height` CSS pixels at `scale` device pixels each."""

    def __init__(self, width=1100, height=900, scale=2):
        self.troubles = []
        self.requests = []  # URLs, those of WebSockets too
        self._urls = {}  # of a request's id
        self._heads = []  # (a request's id, status, headers)
        self._documents = []
        self._number = 0
        self._received = b''
        self._session = None
        self._profile = harness.scratch_folder()
        commands, self._commands = _pipe()
        self._answers, answers = _pipe()
        environment = {**os.environ, 'HOME': str(self._profile)}
        script = WITH_PIPE.format(commands, answers)
        self.server = harness.Server(
            ['bash', '-c', script, 'bash', CHROMIUM, *OPTIONS,
             f'--user-data-dir={self._profile / "profile"}', 'about:blank'],
            pass_fds=(commands, answers), env=environment)
        os.close(commands)
        os.close(answers)
        try:
            self._attach()
            self.resize(width, height, scale)
        except BaseException:
            tap.notes.append(f'log of chromium:\n{self.server.log()}')
            self.close()
            raise

    def _attach(self):
        targets = self.call('Target.getTargets')['targetInfos']
        target = next(each['targetId'] for each in targets if each['type'] == 'page')
        self._session = self.call('Target.attachToTarget', targetId=target,
                                  flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(f'{domain}.enable')

    # ---- The protocol ----

    def call(self, method, seconds=harness.SECONDS, **parameters):
        """A command of the DevTools protocol; its result. Events that come meanwhile are noted."""
        self._number += 1
        message = {'id': self._number, 'method': method, 'params': parameters}
        if self._session:
            message['sessionId'] = self._session
        data = json.dumps(message).encode() + b'\0'
        while data:
            data = data[os.write(self._commands, data):]
        number = self._number
        answer = self._next(lambda each: each.get('id') == number, method, seconds)
        tap.check('error' not in answer, f'{method}: {answer.get("error")}')
        return answer['result']

    def _next(self, wanted, what, seconds):
        """The next message that is `wanted`; the others are looked through for trouble."""
        end = time.monotonic() + seconds
        while True:
            message = self._message(end, what)
            if wanted(message):
                return message
            self._note(message)

    def _message(self, end, what):
        while b'\0' not in self._received:
            ready, _, _ = select.select([self._answers], [], [], max(0, end - time.monotonic()))
            tap.check(ready, f'waited in vain for {what}')
            data = os.read(self._answers, 1 << 20)
            tap.check(data, f'the browser is gone; waited for {what}')
            self._received += data
        message, self._received = self._received.split(b'\0', 1)
        return json.loads(message)

    def _note(self, event):
        """Exceptions, errors on the console (refusals by the page's policy too), failed loads; and
        what crosses the wire."""
        method, parameters = event.get('method'), event.get('params')
        if method == 'Network.requestWillBeSent':
            self._urls[parameters['requestId']] = parameters['request']['url']
            self.requests.append(parameters['request']['url'])
        elif method == 'Network.webSocketCreated':
            self.requests.append(parameters['url'])
        elif method == 'Network.responseReceivedExtraInfo':
            headers = {name.lower(): value for name, value in parameters['headers'].items()}
            self._heads.append((parameters['requestId'], parameters['statusCode'], headers))
        elif method == 'Page.frameNavigated':
            self._documents.append(parameters['frame']['loaderId'])
        elif method == 'Runtime.exceptionThrown' or method == 'Network.loadingFailed':
            self.troubles.append(parameters)
        elif method == 'Runtime.consoleAPICalled' and parameters['type'] in ('error', 'warning'):
            self.troubles.append(parameters)
        elif method == 'Log.entryAdded' and parameters['entry']['level'] in ('error', 'warning'):
            self.troubles.append(parameters)

    def answers(self):
        """{URL: (status, headers)} of the last answer that crossed the wire. A head may be told
        before the request that it answers."""
        return {self._urls[number]: (status, headers) for number, status, headers in self._heads
                if number in self._urls}

    def forget_traffic(self):
        self._heads.clear()

    def hear(self, condition, what, seconds=harness.SECONDS):
        """Listens to what the browser tells until `condition()`, of what is collected, is true."""
        end = time.monotonic() + seconds
        while not condition():
            self._note(self._message(end, what))

    # ---- The page ----

    def open(self, url):
        """Returns when the page and all that it is made of are loaded."""
        answer = self.call('Page.navigate', url=url)
        tap.check('errorText' not in answer, f'{url}: {answer}')
        self.hear(lambda: answer['loaderId'] in self._documents, url)
        self.evaluate(LOADED)

    def reload(self):
        """As a person reloads."""
        before = len(self._documents)
        self.call('Page.reload')
        self.hear(lambda: len(self._documents) > before, 'the page once more')
        self.evaluate(LOADED)

    def evaluate(self, expression, what=None, seconds=harness.SECONDS):
        """The expression's value in the page; of a promise, what it resolves to."""
        answer = self._evaluate(expression, what, seconds, returnByValue=True)
        return answer['result'].get('value')

    def _evaluate(self, expression, what=None, seconds=harness.SECONDS, **options):
        try:
            answer = self.call('Runtime.evaluate', seconds, expression=expression,
                               awaitPromise=True, userGesture=True, **options)
        except AssertionError as error:
            raise AssertionError(f'{what or expression}: {error}') from None
        tap.check('exceptionDetails' not in answer, f'{expression}: {answer}')
        return answer

    def until(self, condition, what, seconds=harness.SECONDS):
        """Waits until `condition`, an expression of what the document shows, is true."""
        try:
            self.evaluate(UNTIL % condition, what, seconds)
        except AssertionError as error:
            raise AssertionError(f'{error}; the page shows: {self.shown()}') from None

    def shown(self):
        return self.evaluate('document.body.innerText')

    def text(self, element):
        return self.evaluate(f'document.getElementById("{element}").textContent')

    def click(self, element):
        """With the mouse, in the middle of what the id names, once it can be clicked."""
        self.until(f'!document.getElementById("{element}").disabled', f'{element} to be enabled')
        x, y = self.evaluate(f'''(() => {{
          const element = document.getElementById("{element}");
          element.scrollIntoView({{block: "center", behavior: "instant"}});
          const box = element.getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2];
        }})()''')
        for kind in ('mousePressed', 'mouseReleased'):
            self.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, button='left', clickCount=1)

    def fill(self, element, text):
        """Replaces what the field holds, by typing."""
        self.evaluate(f'document.getElementById("{element}").select()')
        self.type(text)

    def type(self, text):
        self.call('Input.insertText', text=text)

    def press(self, key):
        code, text = KEYS[key]
        shared = {'key': text if key == 'Space' else key, 'code': key,
                  'windowsVirtualKeyCode': code}
        self.call('Input.dispatchKeyEvent', type='keyDown', text=text, **shared)
        self.call('Input.dispatchKeyEvent', type='keyUp', **shared)

    def choose_file(self, element, path):
        found = self._evaluate(f'document.getElementById("{element}")')['result']
        self.call('DOM.setFileInputFiles', files=[str(path)], objectId=found['objectId'])

    def resize(self, width, height, scale):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height,
                  deviceScaleFactor=scale, mobile=False)

    def prefer(self, scheme):
        """'dark' or 'light'."""
        self.call('Emulation.setEmulatedMedia',
                  features=[{'name': 'prefers-color-scheme', 'value': scheme}])

    def photograph(self, name):
        """The whole page, as a PNG file that stays in the build folder."""
        path = PICTURES / f'{name}.png'
        self.evaluate('new Promise((done) => '
                      'requestAnimationFrame(() => requestAnimationFrame(() => done())))')
        picture = self.call('Page.captureScreenshot', 30, format='png', captureBeyondViewport=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(picture['data']))
        print(f'# picture: {path}', flush=True)

    def expect_no_trouble(self):
        tap.check(not self.troubles, f'the browser complains: {self.troubles}')

    # ---- The end ----

    def close(self):
        """In order if it still listens, else by force."""
        try:
            self._session = None
            self.call('Browser.close')
            self.server.wait()
        except (AssertionError, OSError) as error:
            tap.notes.append(f'chromium does not end: {error}')
        finally:
            os.close(self._commands)
            os.close(self._answers)
            self.server.close()
            shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            tap.notes.append(f'the browser complained: {self.troubles}\n'
                             f'log of chromium:\n{self.server.log()[-3000:]}')
        self.close()
