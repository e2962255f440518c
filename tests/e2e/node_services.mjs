// SPDX-License-Identifier: Apache-2.0
//
// Services and clients of npm behind a route of mode "websocket": `node node_services.mjs NAME
// FOLDER ARGUMENT...`, where FOLDER holds node_modules. A service prints its port and serves until
// its standard input ends; a client's exit code is 0 if all went as it should. node_services.py
// starts both.
import assert from 'node:assert/strict';
import {createHash, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {createServer} from 'node:http';
import {createRequire} from 'node:module';

const [name, folder, ...rest] = process.argv.slice(2);
const require = createRequire(`${folder}/`);

function serveUntilInputEnds(server) {
  server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
}

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

// What is sent: small and large, some that compress well.
function messages() {
  const sizes = [0, 1, 125, 126, 1000, 65535, 65536, 300_000, 1 << 20];
  return sizes.flatMap((size) => [randomBytes(size), Buffer.alloc(size, 'ab')]);
}

const programs = {
  // DEFLATE: 1 or 0
  ws_server(deflate) {
    const {WebSocketServer} = require('ws');
    const server = createServer((_, response) => response.writeHead(404).end());
    const service = new WebSocketServer({
      server,
      perMessageDeflate: deflate === '1' && {threshold: 0},
      handleProtocols: (offered) => offered.has('chat') && 'chat',
      verifyClient: ({req}, answer) =>
        answer(req.headers['x-token'] !== 'bad', 401, 'who are you?',
               {'WWW-Authenticate': 'Basic'}),
    });
    service.on('connection', (client, request) => {
      client.send(JSON.stringify({headers: request.headers, extensions: client.extensions}));
      client.on('message', (data, isBinary) => client.send(data, {binary: isBinary}));
    });
    serveUntilInputEnds(server);
  },

  // URL DEFLATE-OF-THE-SERVER DEFLATE
  async ws_client(url, byServer, byClient) {
    const {WebSocket} = require('ws');
    const client = new WebSocket(url, ['other', 'chat'],
                                 {perMessageDeflate: byClient === '1' && {threshold: 0}});
    const [hello] = await once(client, 'message');
    const {headers, extensions} = JSON.parse(hello);
    assert.equal(headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(headers.host, new URL(url).host);
    assert.equal(client.protocol, 'chat');
    const both = byServer === '1' && byClient === '1';
    assert.equal(client.extensions.startsWith('permessage-deflate'), both);
    assert.equal(extensions, client.extensions);
    for (const message of messages()) {
      client.send(message);
      const [echo, isBinary] = await once(client, 'message');
      assert.equal(isBinary, true);
      assert.equal(digest(echo), digest(message));
    }
    client.send('grüße €😀 '.repeat(10_000));
    const [text, isBinary] = await once(client, 'message');
    assert.equal(isBinary, false);
    assert.equal(text.toString(), 'grüße €😀 '.repeat(10_000));
    client.ping('still there?');
    assert.equal((await once(client, 'pong'))[0].toString(), 'still there?');
    client.close(4321, 'schluß');
    const [code, reason] = await once(client, 'close');
    assert.equal(code, 4321);
    assert.equal(reason.toString(), 'schluß');
  },

  // URL
  async ws_refused(url) {
    const {WebSocket} = require('ws');
    const client = new WebSocket(url, {headers: {'X-Token': 'bad'}});
    const [, response] = await once(client, 'unexpected-response');
    assert.equal(response.statusCode, 401);
    assert.equal(response.headers['www-authenticate'], 'Basic');
    assert.equal((await response.toArray()).join(''), 'who are you?');
  },

  // NAME OF THE SERVER
  io_server(who) {
    const {Server} = require('socket.io');
    const server = createServer();
    const service = new Server(server, {transports: ['websocket'], path: '/ws'});
    service.on('connection', (socket) => {
      socket.join('all');
      socket.emit('hello', who, socket.handshake.headers['x-forwarded-for']);
      socket.on('echo', (data, answer) => answer(data));
      socket.on('shout', (text) => service.to('all').emit('heard', who, text));
    });
    serveUntilInputEnds(server);
  },

  // URL COUNT: as many clients of one address, all at one server, which knows them all
  async io_clients(url, count) {
    const clients = [];
    const servers = new Set();
    for (let number = 0; number < Number(count); ++number) {
      const {io} = require('socket.io-client');
      // Long polling would need requests that are no WebSocket.
      const client = io(url, {path: '/ws', transports: ['websocket'], forceNew: true,
                              reconnection: false});
      const hello = once(client, 'hello');
      client.on('connect_error', (error) => { throw error; });
      const [who, address] = await hello;
      assert.equal(address, '127.0.0.1');
      servers.add(who);
      clients.push(client);
    }
    assert.equal(servers.size, 1, `clients of one address are at ${[...servers]}`);
    for (const [number, client] of clients.entries()) {
      const data = {number, binary: randomBytes(200_000), text: '€'.repeat(number)};
      const echo = await client.timeout(5000).emitWithAck('echo', data);
      assert.equal(echo.number, number);
      assert.equal(echo.text, data.text);
      assert.equal(digest(echo.binary), digest(data.binary));
    }
    const heard = Promise.all(clients.map((client) => once(client, 'heard')));
    clients[0].emit('shout', 'all of you');
    for (const [who, text] of await heard) {
      assert.ok(servers.has(who));
      assert.equal(text, 'all of you');
    }
    for (const client of clients) client.disconnect();
    console.log(`server ${[...servers][0]}`);
  },
};

await programs[name](...rest);
