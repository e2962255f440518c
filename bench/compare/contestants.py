# SPDX-License-Identifier: Apache-2.0
"""The programs that stand between the load and an echo service, and how each is started.

A contestant is started for one measurement on a core of its own, on free loopback ports, and ended
by its process id.
"""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import time

START_SECONDS = 10
END_SECONDS = 15

NGINX_CONFIG = """\
worker_processes 1;
error_log {folder}/error.log crit;
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
backend = "echo"
[[backend]]
name = "echo"
servers = ["127.0.0.1:{backend}"]
"""


class Unavailable(Exception):
    """A contestant that this machine or build does not have; the text says what is missing."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(command, core):
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )


def end(program):
    """SIGTERM, then SIGKILL for what does not obey."""
    if program.poll() is None:
        program.send_signal(signal.SIGTERM)
        try:
            program.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
    program.stdout.close()


def announced_port(program):
    """Waits for the line `... listening on 127.0.0.1:PORT`."""
    deadline = time.monotonic() + START_SECONDS
    text = b""
    while time.monotonic() < deadline:
        if not select.select([program.stdout], [], [], 0.1)[0]:
            continue
        some = os.read(program.stdout.fileno(), 4096)
        text += some
        found = re.search(rb"listening on 127\.0\.0\.1:(\d+)", text)
        if found:
            return int(found.group(1))
        if not some:
            break
    raise RuntimeError(f"{program.args[0]} did not start: {text.decode(errors='replace')}")


def wait_for_port(program, port):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if program.poll() is not None:
            said = program.stdout.read().decode(errors="replace")
            raise RuntimeError(f"{program.args[0]} did not start: {said}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"{program.args[0]} does not accept on port {port}")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


class Limit:
    """A bare forwarder of bench/limit; WebSocket bytes pass through to the WebSocket echo."""

    echo = "ws-echo"

    def __init__(self, name, binaries, folder):
        del folder
        self.name = name
        self.binary = binaries.find(name)

    def start(self, workload, backend, core):
        command = [self.binary, "--listen", "127.0.0.1:0", "--target", f"127.0.0.1:{backend}"]
        if self.name == "limit_uring":
            command += ["--buffer-bytes", str(workload.buffer_bytes)]
        program = start(command, core)
        return program, announced_port(program), [program.pid]


class Ringway:
    """The gateway; `ringway` turns frames into a TCP stream, `ringway_ws` forwards them."""

    def __init__(self, name, binaries, folder):
        self.name = name
        self.mode = "websocket" if name == "ringway_ws" else "tcp"
        self.echo = "ws-echo" if name == "ringway_ws" else "tcp-echo"
        self.folder = folder
        self.binary = binaries.find("ringway")

    def start(self, workload, backend, core):
        del workload
        port = free_port()
        path = os.path.join(self.folder, f"{self.name}.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(RINGWAY_CONFIG.format(port=port, backend=backend, mode=self.mode))
        program = start([self.binary, "--config", path], core)
        return program, announced_port(program), [program.pid]


class Nginx:
    """Debian's nginx, one worker, a WebSocket reverse proxy."""

    echo = "ws-echo"

    def __init__(self, name, binaries, folder):
        del binaries
        self.name = name
        self.folder = os.path.join(folder, "nginx")
        os.makedirs(self.folder, exist_ok=True)
        self.binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if not self.binary:
            raise Unavailable("nginx is not installed")

    def start(self, workload, backend, core):
        del workload
        port = free_port()
        path = os.path.join(self.folder, "nginx.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(NGINX_CONFIG.format(folder=self.folder, port=port, backend=backend))
        errors = os.path.join(self.folder, "error.log")
        program = start([self.binary, "-p", self.folder, "-e", errors, "-c", path,
                         "-g", "daemon off;"], core)
        wait_for_port(program, port)
        return program, port, [program.pid] + children(program.pid)


CONTESTANTS = {
    "limit_uring": Limit,
    "limit_epoll": Limit,
    "ringway": Ringway,
    "ringway_ws": Ringway,
    "nginx": Nginx,
}
