#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How the process ends: signals, the drain, its deadline, and the second signal."""
import contextlib
import signal
import socket
import sys

import backends
import harness
import tap
import wire

# The tests that use them prove that no deadline was needed, or which one it was.
LONG = '1h'
DRAINED = {'side': 'gateway', 'reason': 'drain'}


@contextlib.contextmanager
def open_sessions(count=1, limits=None):
    """A gateway with open sessions: (gateway, [(client, the backend's end of it)])."""
    limits = {'drain_timeout': LONG, **(limits or {})}
    with contextlib.ExitStack() as stack:
        backend = stack.enter_context(backends.Backend())
        gateway = stack.enter_context(harness.Gateway(backend.port, limits=limits))
        sessions = []
        for _ in range(count):
            client = stack.enter_context(wire.connect(gateway))
            sessions.append((client, stack.enter_context(backend.accept())))
        yield gateway, sessions


@tap.case('SIGTERM closes every session with 1001 and the process exits with 0', signal.SIGTERM)
@tap.case('SIGINT closes every session with 1001 and the process exits with 0', signal.SIGINT)
def drains(number):
    with open_sessions(5) as (gateway, sessions):
        for client, connection in sessions:
            connection.send(b'before')
            tap.equal(client.data(6), b'before')
        gateway.signal(number)
        for client, connection in sessions:
            client.expect_close(1001, 'the gateway is shutting down')
            client.send(wire.frame(wire.BINARY, b'on its way') +
                        wire.frame(wire.CLOSE, wire.close_payload(1001)))
            connection.expect_all(b'on its way')
            connection.close()
            client.expect_fin()
            client.close()
            gateway.expect_end(**DRAINED, code=1001, cut=0)
        tap.equal(gateway.wait(), 0, 'exit code')


@tap.case('without a session a signal ends the process at once', signal.SIGTERM)
def ends_idle(number):
    with open_sessions(0) as (gateway, _):
        gateway.signal(number)
        tap.equal(gateway.wait(), 0, 'exit code')


@tap.case('a second SIGTERM ends at once, though a client does not answer the Close',
          signal.SIGTERM, signal.SIGTERM)
@tap.case('a second SIGINT does, too', signal.SIGINT, signal.SIGINT)
@tap.case('and SIGINT after SIGTERM', signal.SIGTERM, signal.SIGINT)
def second_signal(first, second):
    with open_sessions(1) as (gateway, [(client, _)]):
        gateway.signal(first)
        client.expect_close(1001)
        gateway.signal(second)
        tap.equal(gateway.wait(), 128 + second, 'exit code')


@tap.case('SIGHUP is logged and ignored, since there is no reload', signal.SIGHUP)
@tap.case('SIGUSR2 is logged and ignored', signal.SIGUSR2)
@tap.case('SIGQUIT is logged and ignored', signal.SIGQUIT)
@tap.case('SIGALRM is logged and ignored', signal.SIGALRM)
def ignored_signal(number):
    name = signal.Signals(number).name
    with open_sessions(1) as (gateway, [(client, connection)]):
        gateway.signal(number)
        gateway.wait_log(rf'warning {name} is ignored: ')
        connection.send(b'still here')
        tap.equal(client.data(10), b'still here')
        gateway.signal(signal.SIGTERM)
        client.expect_close(1001)
        gateway.signal(number)
        harness.wait_for(lambda: gateway.log().count(f'{name} is ignored') == 2, 'the second line')
        client.send(wire.frame(wire.CLOSE, wire.close_payload(1001)))
        connection.close()
        client.expect_fin()
        client.close()
        tap.equal(gateway.wait(), 0, 'it is no second request to end: exit code')


@tap.case('drain_timeout cuts a client that never answers the Close; the process exits with 0')
def drain_deadline():
    with open_sessions(2, {'drain_timeout': '300ms'}) as (gateway, sessions):
        gateway.signal(signal.SIGTERM)
        for client, connection in sessions:
            client.expect_close(1001)
            gateway.expect_end(**DRAINED, code=1001)
            connection.close()
        tap.equal(gateway.wait(), 0, 'exit code')


@tap.case('close_timeout ends the drain before drain_timeout does')
def close_deadline_in_drain():
    with open_sessions(1, {'close_timeout': '300ms'}) as (gateway, [(client, _)]):
        gateway.signal(signal.SIGTERM)
        client.expect_close(1001)
        gateway.expect_end(**DRAINED, code=1001, cut=1)
        tap.equal(gateway.wait(), 0, 'exit code')


@tap.case('a drain does not wait for a client that has sent no request')
def drains_silent_client():
    with open_sessions(0) as (gateway, _):
        with wire.Client(gateway.address) as client:
            harness.wait_for(lambda: gateway.descriptor_count() > gateway.descriptors, 'accept')
            gateway.signal(signal.SIGTERM)
            client.expect_fin()
            gateway.expect_end(**DRAINED, upgraded=0)
        tap.equal(gateway.wait(), 0, 'exit code')


@tap.case('a drain answers a client that waits for its backend with 503')
def drains_dialling_client():
    options = {'limits': {'drain_timeout': LONG}, 'backend': {'connect_timeout': LONG}}
    with backends.FullBackend() as backend, harness.Gateway(backend.port, **options) as gateway:
        with wire.Client(gateway.address) as client:
            client.send(wire.request())
            # The listeners, the client, and the socket that dials.
            harness.wait_for(lambda: gateway.descriptor_count() == gateway.descriptors + 2,
                             'the dial')
            gateway.signal(signal.SIGTERM)
            client.expect_refusal(503, 'shutting down')
        gateway.expect_end(**DRAINED, code=503, upgraded=0)
        tap.equal(gateway.wait(), 0, 'exit code')


@tap.case('a session that closes already is not closed twice by a drain')
def drains_closing_session():
    with open_sessions(1) as (gateway, [(client, connection)]):
        connection.close()
        client.expect_close(1000)
        gateway.signal(signal.SIGTERM)
        gateway.wait_log('ending')
        client.send(wire.frame(wire.CLOSE, wire.close_payload(1000)))
        client.expect_fin()
        client.close()
        gateway.expect_end(side='backend', reason='end', code=1000)
        tap.equal(gateway.wait(), 0, 'exit code')


def is_taken(port):
    """Whether somebody listens there now."""
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


@tap.case('the port is free again right after the end')
def port_is_free():
    with open_sessions(1) as (gateway, [(client, connection)]):
        port = gateway.port
        gateway.signal(signal.SIGTERM)
        client.answer_close(1001)
        connection.close()
        tap.equal(gateway.wait(), 0, 'exit code')
    # SO_REUSEADDR apart, a listener binds where the one before is gone; another program of this
    # machine may take the port first.
    text = harness.simple_config([1], address=f'127.0.0.1:{port}')
    try:
        with harness.Gateway(text=text) as gateway:
            tap.equal(gateway.port, port, 'port')
    except AssertionError as error:
        if is_taken(port):
            raise tap.Skip('another program took the port') from None
        raise error


@tap.case('nobody can connect after the end')
def nobody_listens():
    with open_sessions(0) as (gateway, _):
        gateway.signal(signal.SIGTERM)
        tap.equal(gateway.wait(), 0, 'exit code')
        with socket.socket() as late:
            tap.check(late.connect_ex(gateway.address) != 0, 'it connected')


if __name__ == '__main__':
    sys.exit(tap.main())
