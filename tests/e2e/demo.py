# SPDX-License-Identifier: Apache-2.0
"""`ringway demo` as a test sees it: the addresses and the commands that it prints."""
import re

import harness


class Demo(harness.Server):
    """Serves on a free port: the page at `page`, the echo at `url`."""

    def __init__(self):
        super().__init__([harness.RINGWAY, 'demo', '--listen', '127.0.0.1:0'])
        self.wait_log('Ctrl-C ends it')
        self.url = re.search(r'serves (ws://127\.0\.0\.1:(\d+)/echo)\n', self.log()).group(1)
        self.port = int(self.url.split(':')[2].split('/')[0])
        self.page = f'http://127.0.0.1:{self.port}/'
        self.commands = re.findall(r'^  (\S.*)$', self.log(), re.M)
