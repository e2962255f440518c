# SPDX-License-Identifier: Apache-2.0
"""The programs that stand between the load and an echo service, and how each is started.

A contestant is started for one measurement on a core of its own, on free loopback ports, and ended
by its process id.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time

# A program that has not come up, or gone, after so long is a failure.
START_SECONDS = 10
END_SECONDS = 15

NGINX_CONFIG = """\
worker_processes 1;
error_log {folder}/nginx-error.log crit;
pid {folder}/nginx.pid;
events {{ worker_connections 16384; multi_accept on; }}
http {{
  access_log off;
  tcp_nodelay on;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream echo {{ server 127.0.0.1:{backend}; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://echo;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_buffering off;
      proxy_buffer_size 64k;
      proxy_buffers 8 64k;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }}
  }}
}}
"""

RINGWAY_CONFIG = """\
[gateway]
workers = 1
[[listener]]
name = "main"
address = "127.0.0.1:{port}"
[[route]]
name = "echo"
listener = "main"
path = "/echo"
mode = "{mode}"
splice = "{splice}"
backend = "echo"
[[backend]]
name = "echo"
servers = ["127.0.0.1:{backend}"]
"""


HAPROXY_CONFIG = """\
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 10s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  option splice-request
  option splice-response
frontend main
  bind 127.0.0.1:{port} backlog 4096
  default_backend echo
backend echo
  server echo 127.0.0.1:{backend}
"""


class Unavailable(Exception):
    """A contestant that this machine or build does not have; the text says what is missing."""


class Binaries:
    """Programs of a build folder, wherever in it they lie."""

    def __init__(self, folder):
        self.folder = folder

    def find(self, name):
        for path in [self.folder / name, *sorted(self.folder.rglob(name))]:
            if path.is_file() and os.access(path, os.X_OK):
                return str(path)
        raise Unavailable(f"{name} is not in {self.folder}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """One started program: kept on a core, what it prints in a file, ended by its process id.

    `prepare` is called in the new process before the program.
    """

    def __init__(self, command, core, log, prepare=lambda: None):
        def before_it_runs():
            os.sched_setaffinity(0, {core})
            prepare()

        self.name = os.path.basename(command[0])
        self.log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                preexec_fn=before_it_runs)
        self.pid = self.process.pid

    def end(self):
        """SIGTERM, then SIGKILL for what does not obey."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def printed(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_until(self, find):
        """The first truthy result of find(), which is asked until the program ends or dawdles."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            found = find()
            if found:
                return found
            time.sleep(0.02)
        raise RuntimeError(f"{self.name} did not start: {self.printed().strip() or 'no output'}")

    def announced_port(self):
        """The port in the line `... listening on 127.0.0.1:PORT`."""
        match = self.wait_until(
            lambda: re.search(r"listening on 127\.0\.0\.1:(\d+)", self.printed()))
        return int(match.group(1))

    def children(self):
        """Process ids of its workers, once it has any."""
        path = f"/proc/{self.pid}/task/{self.pid}/children"

        def find():
            with open(path, encoding="ascii") as file:
                return [int(word) for word in file.read().split()]

        return self.wait_until(find)


class Contestant:
    """What all have: `echo`, the service that it stands before, and start and end.

    start() launches the program before the service at port `backend` and returns the port to load
    and the process ids to measure; end() ends whatever start() launched, be it half-way.
    """

    echo = "ws-echo"

    def __init__(self, name, binaries, folder):
        self.name = name
        self.folder = folder
        self.program = None
        self.binary = self.find(binaries)

    def find(self, binaries):
        return binaries.find(self.name)

    def launch(self, arguments, core):
        log = os.path.join(self.folder, f"{self.name}.log")
        self.program = Program([self.binary, *arguments], core, log)

    def write_config(self, text):
        path = os.path.join(self.folder, f"{self.name}.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def end(self):
        if self.program is not None:
            self.program.end()
            self.program = None


class LimitEpoll(Contestant):
    """A bare forwarder of bench/limit; WebSocket bytes pass through to the WebSocket echo."""

    def start(self, workload, backend, core):
        self.launch(["--target", f"127.0.0.1:{backend}", *self.options(workload)], core)
        return self.program.announced_port(), [self.program.pid]

    def options(self, workload):
        del workload
        return []


class LimitSplice(LimitEpoll):
    """The forwarder whose bytes never enter user space."""

    def find(self, binaries):
        return binaries.find("limit_epoll")

    def options(self, workload):
        return ["--splice"]


class LimitUring(LimitEpoll):
    def options(self, workload):
        return ["--buffer-bytes", str(workload.buffer_bytes)]


class Ringway(Contestant):
    """The gateway in tcp mode: frames become a TCP stream and a TCP stream becomes frames."""

    echo = "tcp-echo"
    mode = "tcp"
    splice = "auto"

    def find(self, binaries):
        return binaries.find("ringway")

    def start(self, workload, backend, core):
        del workload
        port = free_port()
        path = self.write_config(RINGWAY_CONFIG.format(
            port=port, backend=backend, mode=self.mode, splice=self.splice))
        self.launch(["--config", path], core)
        return self.program.announced_port(), [self.program.pid]


class RingwayCopies(Ringway):
    """The same, every byte through buffers."""

    splice = "off"


class RingwayPasses(Ringway):
    """The gateway in websocket mode, as a proxy would be: bytes pass as they are."""

    echo = "ws-echo"
    mode = "websocket"


class RingwayPassesCopies(RingwayPasses):
    splice = "off"


class Nginx(Contestant):
    """Debian's nginx, one worker, a WebSocket reverse proxy."""

    def find(self, binaries):
        del binaries
        binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if not binary:
            raise Unavailable("nginx is not installed")
        return binary

    def start(self, workload, backend, core):
        del workload
        port = free_port()
        path = self.write_config(
            NGINX_CONFIG.format(folder=self.folder, port=port, backend=backend))
        errors = os.path.join(self.folder, "nginx-error.log")
        self.launch(["-p", self.folder, "-e", errors, "-c", path, "-g", "daemon off;"], core)
        return port, self.program.children()


class Haproxy(Contestant):
    """Debian's HAProxy, one thread, a WebSocket reverse proxy that may splice."""

    def find(self, binaries):
        del binaries
        binary = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
        if not binary:
            raise Unavailable("haproxy is not installed")
        return binary

    def start(self, workload, backend, core):
        del workload
        port = free_port()
        path = self.write_config(HAPROXY_CONFIG.format(port=port, backend=backend))
        self.launch(["-db", "-f", path], core)

        def is_listening():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        self.program.wait_until(is_listening)
        return port, [self.program.pid]


CONTESTANTS = {
    "limit_uring": LimitUring,
    "limit_epoll": LimitEpoll,
    "limit_splice": LimitSplice,
    "ringway": Ringway,
    "ringway_copies": RingwayCopies,
    "ringway_ws": RingwayPasses,
    "ringway_ws_copies": RingwayPassesCopies,
    "nginx": Nginx,
    "haproxy": Haproxy,
}
