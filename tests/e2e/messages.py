#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tcp mode with open sessions: messages become a byte stream and back, by the websockets library
where it can say what is to be said, else by raw frames."""
import asyncio
import contextlib
import os
import random
import sys

import backends
import harness
import tap
import wire
from wire import BINARY, CONTINUATION, PING, PONG, TEXT, frame

try:
    import websockets
except ImportError:
    websockets = None

SIZES = [0, 1, 125, 126, 65535, 65536, 1 << 20, 32 << 20]

# Characters of one to four bytes, the first and last of each length among them.
TEXT_SAMPLE = 'aé€😀\x00\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffffz'


@contextlib.contextmanager
def library_client(**options):
    """Runs coroutines with a client of the websockets library in front of an echo service."""
    with backends.Echo() as echo, harness.Gateway(echo.port, **options) as gateway:
        def talk(conversation, **connect_options):
            async def run():
                async with websockets.connect(gateway.url(), max_size=None, max_queue=None,
                                              **connect_options) as client:
                    return await conversation(client)
            return asyncio.run(asyncio.wait_for(run(), 50))
        yield talk


async def receive_bytes(client, count):
    """`count` bytes of binary messages; the echo of one message may come in several."""
    data = bytearray()
    while len(data) < count:
        message = await client.recv()
        tap.check(isinstance(message, bytes), 'a text message came')
        data += message
    tap.equal(len(data), count, 'bytes')
    return bytes(data)


# ---- The library --------------------------------------------------------------------------------

def echoes_binary(size):
    payload = os.urandom(size)

    async def conversation(client):
        # An empty message leaves no trace in a byte stream; the mark shows that nothing else did.
        await client.send(payload)
        await client.send(b'mark')
        return await receive_bytes(client, size + 4)
    with library_client() as talk:
        tap.check(talk(conversation) == payload + b'mark', 'the echo differs')


for message_size in SIZES:
    tap.case(f'a binary message of {message_size} bytes comes back', message_size)(echoes_binary)


@tap.case('text messages come back as the same bytes')
def echoes_text():
    text = TEXT_SAMPLE * 1000

    async def conversation(client):
        await client.send(text)
        return await receive_bytes(client, len(text.encode()))
    with library_client() as talk:
        tap.equal(talk(conversation), text.encode())


@tap.case('a route with frames = "text" answers with text messages')
def echoes_text_as_text():
    text = TEXT_SAMPLE * 10_000

    async def conversation(client):
        got = ''
        await client.send(text)
        while len(got) < len(text):
            got += await client.recv()
        return got
    with library_client(route={'frames': 'text'}) as talk:
        tap.equal(talk(conversation), text)


@tap.case('the library fragments messages and pings between the fragments')
def library_fragments():
    pieces = [os.urandom(size) for size in (0, 1, 70_000, 125, 0, 300, 5000)]

    async def conversation(client):
        async def fragments():
            for piece in pieces:
                pong = await client.ping()
                yield piece
                await pong
        await client.send(fragments())
        return await receive_bytes(client, sum(map(len, pieces)))
    with library_client() as talk:
        tap.equal(talk(conversation), b''.join(pieces))


@tap.case('a ping of the library is answered with its payload')
def library_pings():
    async def conversation(client):
        for payload in (b'', b'x', os.urandom(125)):
            await asyncio.wait_for(await client.ping(payload), 10)
    with library_client() as talk:
        talk(conversation)


@tap.case('the library offers compression, which is not chosen')
def no_compression():
    async def conversation(client):
        tap.equal(client.extensions, [], 'extensions')
        await client.send('plain')
        tap.equal(await client.recv(), b'plain')
    with library_client() as talk:
        talk(conversation, compression='deflate')


@tap.case('the library sees the subprotocol that was chosen')
def library_subprotocol():
    async def conversation(client):
        return client.subprotocol
    with library_client(route={'subprotocols': ['binary']}) as talk:
        tap.equal(talk(conversation, subprotocols=['other', 'binary']), 'binary')


def library_closes(code):
    async def conversation(client):
        await client.close(code, 'the reason')
        return client.close_code, client.close_reason
    with library_client() as talk:
        tap.equal(talk(conversation), (code, 'the reason'))


for close_code in (1000, 1001, 3000, 4999):
    tap.case(f'a close of the library with {close_code} is echoed with its reason',
             close_code)(library_closes)


# ---- Raw frames ---------------------------------------------------------------------------------

@tap.case('pings between fragments are answered in order and leave the message whole')
def pings_between_fragments():
    with backends.Backend() as backend, harness.Gateway(backend.port) as gateway, \
            wire.connect(gateway) as client, backend.accept() as connection:
        payload = os.urandom(3000)
        data = b''
        for at in range(0, 3000, 300):
            data += frame(BINARY if at == 0 else CONTINUATION, payload[at:at + 300], at == 2700)
            data += frame(PING, b'ping %d' % at) + frame(PONG, b'nobody asked')
            if at == 1500:
                # What came so far is answered before the rest is sent.
                client.send(data)
                data = b''
                tap.equal(connection.take(1800), payload[:1800])
                for answered in range(0, 1501, 300):
                    tap.equal(client.frame(), (PONG, b'ping %d' % answered, True))
        client.send(data)
        tap.equal(connection.take(1200), payload[1800:])
        connection.close()
        for answered in range(1800, 3000, 300):
            tap.equal(client.frame(), (PONG, b'ping %d' % answered, True))
        client.answer_close(1000)


@tap.case('frames cut at every byte arrive whole')
def cut_at_every_byte():
    with backends.Echo() as echo, harness.Gateway(echo.port) as gateway, \
            wire.connect(gateway) as client:
        payload = os.urandom(400)
        data = (frame(BINARY, payload[:130], fin=False) + frame(PING, b'between') +
                frame(CONTINUATION, payload[130:]) + frame(TEXT, TEXT_SAMPLE.encode()))
        for byte in data:
            client.send(bytes([byte]))
        wanted = payload + TEXT_SAMPLE.encode()
        got, pongs = b'', []
        while len(got) < len(wanted):
            answer = client.frame()
            if answer.opcode == PONG:
                pongs.append(answer.payload)
            else:
                got += answer.payload
        tap.equal((got, pongs), (wanted, [b'between']))
        client.close_in_order()


@tap.case('each way of cutting two frames into three sends arrives whole')
def cut_anywhere():
    with backends.Backend() as backend, harness.Gateway(backend.port) as gateway, \
            wire.connect(gateway) as client, backend.accept() as connection:
        for _ in range(300):
            payload = os.urandom(random.choice([0, 1, 125, 126, 127, 700]))
            data = frame(BINARY, payload) + frame(BINARY, b'tail')
            cuts = sorted(random.sample(range(len(data)), 2))
            for begin, end in zip([0, *cuts], [*cuts, len(data)]):
                client.send(data[begin:end])
            tap.equal(connection.take(len(payload) + 4), payload + b'tail', f'cut at {cuts}')
        connection.close()
        client.answer_close(1000)


@tap.case('ten thousand frames in one burst arrive in order')
def burst():
    with backends.Echo() as echo, harness.Gateway(echo.port) as gateway, \
            wire.connect(gateway) as client:
        lines = [b'line %d\n' % number for number in range(10_000)]
        client.send(b''.join(frame(BINARY, line) for line in lines))
        wanted = b''.join(lines)
        tap.check(client.data(len(wanted)) == wanted, 'the echo differs')
        client.close_in_order()
        gateway.expect_end(side='client', reason='close', messages_in=10_000)


@tap.case('bytes of the backend arrive in order, whatever their pieces')
def backend_order():
    with backends.Backend() as backend, harness.Gateway(backend.port) as gateway, \
            wire.connect(gateway) as client, backend.accept() as connection:
        payload = os.urandom(500_000)
        at = 0
        while at < len(payload):
            size = random.choice([1, 2, 125, 126, 4096, 30_000])
            connection.send(payload[at:at + size])
            at += size
        connection.close()
        tap.check(client.data(len(payload)) == payload, 'other bytes came')
        client.answer_close(1000)


# ---- frames = "text" ----------------------------------------------------------------------------

def receive_text(client, count):
    """Text frames, each valid by itself, until there are `count` bytes."""
    text = ''
    while len(text.encode()) < count:
        got = client.next_frame()
        tap.equal((got.opcode, got.fin), (TEXT, True), 'opcode and fin')
        tap.check(got.payload, 'an empty frame')
        text += got.payload.decode()
    return text


@tap.case('text that the backend cuts at every byte arrives as valid text frames')
def text_cut_at_every_byte():
    with backends.Backend() as backend, \
            harness.Gateway(backend.port, route={'frames': 'text'}) as gateway, \
            wire.connect(gateway) as client, backend.accept() as connection:
        for byte in TEXT_SAMPLE.encode():
            connection.send(bytes([byte]))
            connection.wait_until_read()
        tap.equal(receive_text(client, len(TEXT_SAMPLE.encode())), TEXT_SAMPLE)
        # One byte is one receive, and a frame has one character: nothing waits for more.
        connection.close()
        client.answer_close(1000)
        gateway.expect_end(frames_out=len(TEXT_SAMPLE), code=1000)


@tap.case('text in large pieces that end inside characters arrives as valid text frames')
def text_in_pieces():
    with backends.Backend() as backend, \
            harness.Gateway(backend.port, route={'frames': 'text'}) as gateway, \
            wire.connect(gateway) as client, backend.accept() as connection:
        text = ''.join(random.choices(TEXT_SAMPLE, k=100_000))
        data = text.encode()
        at = 0
        while at < len(data):
            size = random.randrange(1, 10_000)
            connection.send(data[at:at + size])
            at += size
        tap.check(receive_text(client, len(data)) == text, 'other text came')
        connection.close()
        client.answer_close(1000)


@tap.case('bytes of the backend that are no UTF-8 end the session with 1007', b'ok\xffno')
@tap.case('a bad byte behind half a character ends the session with 1007', b'ok\xe2', b'x')
def bad_text(*pieces):
    with backends.Backend() as backend, \
            harness.Gateway(backend.port, route={'frames': 'text'}) as gateway, \
            wire.connect(gateway) as client, backend.accept() as connection:
        connection.send('gut'.encode())
        tap.equal(receive_text(client, 3), 'gut')
        for piece in pieces:
            connection.send(piece)
            connection.wait_until_read()
        got = client.next_frame()
        if got.opcode == TEXT:
            tap.equal(got.payload, b'ok', 'text before the bad byte')
            got = client.next_frame()
        tap.equal((got.opcode, got.payload[:2]), (wire.CLOSE, wire.close_payload(1007)))
        client.send(frame(wire.CLOSE, wire.close_payload(1007)))
        connection.expect_all(b'')
        connection.close()
        client.expect_fin()
        client.close()
        gateway.expect_end(side='gateway', reason='invalid-payload', code=1007)


if __name__ == '__main__':
    sys.exit(tap.main(skip=None if websockets else 'python3-websockets is not installed'))
