// SPDX-License-Identifier: Apache-2.0
//
// Conversations of npm's ws with a gateway: `node node_ws.mjs NAME URL FOLDER`, where FOLDER holds
// node_modules. Exit code 0: it went as it should. node_ws.py starts it.
import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {createRequire} from 'node:module';

const [name, url, folder] = process.argv.slice(2);
const {WebSocket} = createRequire(`${folder}/`)('ws');

async function open(protocols = [], options = {}) {
  const client = new WebSocket(url, protocols, options);
  await once(client, 'open');
  return client;
}

// Resolves when `count` bytes have come, over as many messages as the echo makes of them.
function receive(client, count, isBinary = true) {
  return new Promise((resolve, reject) => {
    const pieces = [];
    let got = 0;
    client.on('message', (data, binary) => {
      if (binary !== isBinary) reject(new Error(`binary: ${binary}`));
      pieces.push(data);
      got += data.length;
      if (got >= count) resolve(Buffer.concat(pieces));
    });
    client.on('error', reject);
    client.on('close', (code) => reject(new Error(`closed with ${code} after ${got} bytes`)));
  });
}

async function close(client, code = 1000, reason = '') {
  client.removeAllListeners('close');
  client.close(code, reason);
  const [gotCode, gotReason] = await once(client, 'close');
  assert.equal(gotCode, code);
  assert.equal(gotReason.toString(), reason);
}

async function echo(size) {
  const client = await open();
  const payload = randomBytes(size);
  const answer = receive(client, size + 4);
  client.send(payload);
  client.send('mark');
  assert.ok((await answer).equals(Buffer.concat([payload, Buffer.from('mark')])));
  await close(client);
}

const conversations = {
  async echo_sizes() {
    for (const size of [0, 1, 125, 126, 65535, 65536, 1 << 20]) await echo(size);
  },

  async echo_large() {
    await echo(32 << 20);
  },

  async text() {
    const client = await open();
    const text = 'grüße €😀 '.repeat(10_000);
    const answer = receive(client, Buffer.byteLength(text), false);
    client.send(text);
    assert.equal((await answer).toString(), text);
    await close(client);
  },

  async fragments() {
    const client = await open();
    const pieces = [0, 1, 125, 70_000, 0, 300].map((size) => randomBytes(size));
    const payload = Buffer.concat(pieces);
    const answer = receive(client, payload.length);
    for (const [index, piece] of pieces.entries()) {
      client.send(piece, {binary: true, fin: index === pieces.length - 1});
      client.ping(`ping ${index}`);
      const [pong] = await once(client, 'pong');
      assert.equal(pong.toString(), `ping ${index}`);
    }
    assert.ok((await answer).equals(payload));
    await close(client);
  },

  async close_codes() {
    const endings = [[1000, ''], [1001, 'away'], [3000, 'schluß'], [4999, 'x'.repeat(123)]];
    for (const [code, reason] of endings) {
      await close(await open(), code, reason);
    }
    const client = await open();
    client.close();
    const [code] = await once(client, 'close');
    assert.equal(code, 1005);
  },

  async offers() {
    const client = await open(['other', 'binary'], {perMessageDeflate: true});
    assert.equal(client.protocol, 'binary');
    assert.equal(client.extensions, '');
    await close(client);
  },

  async refusals() {
    for (const [path, status] of [['/nowhere', 404], ['/dead', 502]]) {
      const client = new WebSocket(new URL(path, url));
      const [, response] = await once(client, 'unexpected-response');
      assert.equal(response.statusCode, status);
      response.destroy();
    }
  },

  async limit() {
    const client = await open();
    client.send(Buffer.alloc((33 << 20) + 1));
    const [code, reason] = await once(client, 'close');
    assert.equal(code, 1009);
    assert.match(reason.toString(), /larger/);
  },
};

await conversations[name]();
