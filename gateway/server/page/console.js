// SPDX-License-Identifier: Apache-2.0
//
// The console: what the page's buttons do, and what they show. One connection at a time; all that
// is sent on it goes through EchoLink, which matches what comes back.
//
// Elements that programs may hold on to, by their id:
//   url            the path on this host, or a whole ws: or wss: address; read-only while connected
//   connect        the button that connects and disconnects (1000, "bye")
//   state          "not connected", "connecting", "connected", "closing"; data-state has closed,
//                  connecting, open, closing
//   close-code, close-reason, close-meaning   how the last connection ended
//   text, send     a text and the button that sends it
//   log            its list items have the class sent, received or note, and in each .words
//   file, send-file, progress   a file, the button that sends it, the share that is back (0 to 1)
//   file-state     how that went; data-outcome is running, verified or failed
//   load-bytes, load-count, load   size and number of messages, the button that starts and stops
//   load-state     how that went; data-outcome is running, done or failed
//   rate, rate-out, rate-in     messages, bytes sent and bytes received in the last second
//   rtt, rtt-median, rtt-p99    the last round trip, and of the last 1,000
//   spark          the canvas
import {meaningOf} from './close_codes.js';
import {EchoLink} from './echo_link.js';
import {Figures, TICK_MS} from './figures.js';
import {Log} from './log.js';
import {Spark} from './spark.js';
import {Load, NotVerified, sendFile} from './traffic.js';
import {bytes, count, milliseconds} from './units.js';

const LOAD_MS = 10_000;
const HEX_BYTES_MAX = 32;
const STATES = {
  closed: {words: 'not connected', button: 'Connect'},
  connecting: {words: 'connecting', button: 'Cancel'},
  open: {words: 'connected', button: 'Disconnect'},
  closing: {words: 'closing', button: 'Disconnect'},
};

const find = (id) => document.getElementById(id);
const figures = new Figures();
const log = new Log(find('log'));
const spark = new Spark(find('spark'));
const origin = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`;
let link = null;
let load = null;
let sendingFile = false;

// ---- The connection --------------------------------------------------------------------------

function showState(state) {
  find('state').textContent = STATES[state].words;
  find('state').dataset.state = state;
  find('connect').textContent = STATES[state].button;
  find('connect').disabled = state === 'closing';
  find('url').readOnly = state !== 'closed';
  find('send').disabled = find('load').disabled = state !== 'open';
  showFileButton();
}

/** What came, as text; what is no UTF-8 is shown by its first bytes. */
function decoded(received) {
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(received);
  } catch {
    const hex = Array.from(received.subarray(0, HEX_BYTES_MAX),
                           (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const more = received.length > HEX_BYTES_MAX ? ' …' : '';
    return `${count(received.length)} bytes that are no text: ${hex}${more}`;
  }
}

function showEnd(event) {
  link = null;
  showState('closed');
  find('ending').hidden = false;
  find('ending').dataset.clean = event.wasClean && event.code === 1000;
  find('close-code').textContent = event.code;
  find('close-reason').textContent = event.reason;
  find('close-reason').hidden = event.reason === '';
  find('close-meaning').textContent = meaningOf(event.code);
  log.add('note', `ended with ${event.code} ${event.reason}`.trimEnd());
}

function connect() {
  const url = new URL(find('url').value.trim(), origin).href;
  link = new EchoLink(url, {
    open() {
      showState('open');
      log.add('note', `connected to ${url}`);
    },
    sent: (size) => figures.sent(size),
    received: (size) => figures.received(size),
    echoed: (ms) => figures.echoed(ms),
    other(received) {
      figures.other();
      log.add('received', decoded(received));
    },
    strayed() {
      log.add('note', 'this is no echo of what was sent: round trips are not measured any more');
    },
    close: showEnd,
  });
  figures.clear();
  find('ending').hidden = true;
  showState('connecting');
}

function connectOrSay() {
  try {
    connect();
  } catch (error) {
    log.add('note', `cannot connect: ${error.message}`);
  }
}

function disconnect() {
  showState('closing');
  link.close(1000, 'bye');
}

// ---- What is sent ----------------------------------------------------------------------------

function sendText() {
  const text = find('text').value;
  if (text === '') return;
  // What has come back when it is called is `text`, byte for byte, in text frames or binary ones.
  const echoed = (ms) => log.add('received', text, milliseconds(ms));
  if (!link.send(text, echoed)) {
    log.add('note', 'not sent: too much is on its way');
    return;
  }
  log.add('sent', text);
  find('text').value = '';
}

function showFileButton() {
  find('send-file').disabled = !link?.isOpen || sendingFile || find('file').files.length === 0;
}

function showOutcome(id, outcome, words) {
  find(id).dataset.outcome = outcome;
  find(id).textContent = words;
}

async function sendChosenFile() {
  const [file] = find('file').files;
  const begin = performance.now();
  const share = (verified) => file.size > 0 ? verified / file.size : 1;
  sendingFile = true;
  showFileButton();
  find('progress').value = 0;
  showOutcome('file-state', 'running', 'under way');
  try {
    await sendFile(link, file, (verified) => find('progress').value = share(verified));
    const seconds = Math.max(performance.now() - begin, 1) / 1000;
    find('progress').value = 1;
    showOutcome('file-state', 'verified', `Verified: ${bytes(file.size)} came back as sent in ` +
        `${milliseconds(seconds * 1000)}, ${bytes(file.size / seconds)} a second`);
  } catch (error) {
    const why = error instanceof NotVerified ? error.message : `cannot read it: ${error.message}`;
    showOutcome('file-state', 'failed', `Not verified: ${why}`);
  }
  sendingFile = false;
  showFileButton();
}

async function runLoad() {
  load = new Load(link);
  find('load').textContent = 'Stop';
  showOutcome('load-state', 'running', 'under way');
  const {messages, seconds} = await load.run({
    bytes: find('load-bytes').valueAsNumber,
    count: find('load-count').valueAsNumber,
    ms: LOAD_MS,
  });
  const whole = link?.echoes;
  showOutcome('load-state', whole ? 'done' : 'failed',
              `${whole ? '' : 'Cut off: '}${count(messages)} messages came back in ` +
              `${seconds.toFixed(1)} s, ${count(messages / seconds)} a second`);
  load = null;
  find('load').textContent = 'Load';
}

// ---- What is shown ---------------------------------------------------------------------------

function showFigures() {
  const now = figures.tick(performance.now());
  find('rate').textContent = count(now.messages);
  find('rate-out').textContent = bytes(now.out);
  find('rate-in').textContent = bytes(now.in);
  const shown = (name) => now.roundTrip ? milliseconds(now.roundTrip[name]) : '–';
  find('rtt').textContent = shown('now');
  find('rtt-median').textContent = shown('median');
  find('rtt-p99').textContent = shown('p99');
  spark.draw(figures.ticks);
}

/** The host stands before a path, not before a whole address. */
function showOrigin() {
  find('origin').textContent = origin;
  find('origin').hidden = /^\s*[a-z]+:/i.test(find('url').value);
}

function onSubmit(id, act) {
  find(id).addEventListener('submit', (event) => {
    event.preventDefault();
    act();
  });
}

find('url').addEventListener('input', showOrigin);
find('connect').addEventListener('click', () => link ? disconnect() : connectOrSay());
onSubmit('link', () => {
  if (!link) connectOrSay();
});
onSubmit('talk', sendText);
onSubmit('upload', sendChosenFile);
onSubmit('pressure', () => load ? load.stop() : runLoad());
find('file').addEventListener('change', showFileButton);
find('clear').addEventListener('click', () => log.clear());
setInterval(showFigures, TICK_MS);
showOrigin();
showState('closed');
