// SPDX-License-Identifier: Apache-2.0
//
// One WebSocket whose far end is expected to echo. The gateway's TCP routes carry a stream of
// bytes: what was sent as one message may come back cut or joined, and as binary frames. So what
// comes back is matched byte for byte against what is on its way; a message's round trip ends with
// its last byte. A service that answers anything else is shown as it speaks, without round trips.

// Bytes that the browser may hold unsent: 2 MiB of a load, 512 KiB of a file, and room beside them
// for text. All of it is memory of the tab.
const BUFFERED_BYTES_MAX = 4 << 20;
// Messages on their way. More than a load may ask for, so that text still fits beside it.
const ON_THE_WAY_MAX = 2048;

const encoder = new TextEncoder();

function bytesOf(message) {
  return typeof message === 'string' ? encoder.encode(message) : message;
}

/** Whether `left[leftAt..]` and `right[rightAt..]` agree in `count` bytes. */
function agree(left, leftAt, right, rightAt, count) {
  for (let i = 0; i < count; ++i) {
    if (left[leftAt + i] !== right[rightAt + i]) return false;
  }
  return true;
}

export class EchoLink {
  #socket;
  #on;
  #onTheWay = [];  // {bytes, taken, at, echoed}: in the order in which they were sent
  #first = 0;  // where in #onTheWay the oldest is; those before it are dropped now and then
  #waiting = [];
  #echoes = true;

  /**
   * Connects to `url`. `on` has functions: open(), sent(bytes), received(bytes), echoed(ms),
   * other(bytes) for what is no echo, strayed() once when an echo differs, and
   * close(event). Throws what the WebSocket constructor throws.
   */
  constructor(url, on) {
    this.#on = on;
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.addEventListener('open', () => on.open());
    this.#socket.addEventListener('message', (event) => this.#receive(event.data));
    this.#socket.addEventListener('close', (event) => this.#end(event));
  }

  /** Whether messages can be sent now. */
  get isOpen() {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Whether everything so far came back as it was sent. */
  get echoes() {
    return this.#echoes;
  }

  /** What was sent and is still in the browser. */
  get bufferedBytes() {
    return this.#socket.bufferedAmount;
  }

  /** Whether another message may be sent without the browser storing too much. */
  get hasRoom() {
    return this.isOpen && this.bufferedBytes < BUFFERED_BYTES_MAX &&
        this.#onTheWay.length - this.#first < ON_THE_WAY_MAX;
  }

  /**
   * Sends a string as text, a Uint8Array as binary; it must not change until it is back.
   * `echoed(ms)` is called when its last byte is. False: there is no room, nothing was sent.
   */
  send(message, echoed = () => {}) {
    if (!this.hasRoom) return false;
    const bytes = bytesOf(message);
    if (this.#echoes) this.#onTheWay.push({bytes, taken: 0, at: performance.now(), echoed});
    this.#socket.send(message);
    this.#on.sent(bytes.length);
    return true;
  }

  close(code, reason) {
    this.#socket.close(code, reason);
  }

  /** Resolves when anything has come back, the link has ended, or wake() is called. */
  change() {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  wake() {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #receive(message) {
    const bytes = bytesOf(typeof message === 'string' ? message : new Uint8Array(message));
    this.#on.received(bytes.length);
    if (this.#continuesEcho(bytes)) {
      this.#takeEcho(bytes.length);
    } else {
      this.#showOther(bytes);
    }
    this.wake();
  }

  /** Whether `bytes` are the next of what is on its way. Changes nothing. */
  #continuesEcho(bytes) {
    let at = 0;
    for (let i = this.#first; at < bytes.length; ++i) {
      const message = this.#onTheWay[i];
      if (message === undefined) return false;
      const count = Math.min(message.bytes.length - message.taken, bytes.length - at);
      if (!agree(message.bytes, message.taken, bytes, at, count)) return false;
      at += count;
    }
    return true;
  }

  #takeEcho(count) {
    const now = performance.now();
    while (count > 0) {
      const message = this.#onTheWay[this.#first];
      const taken = Math.min(message.bytes.length - message.taken, count);
      message.taken += taken;
      count -= taken;
      if (message.taken < message.bytes.length) return;
      this.#onTheWay[this.#first++] = undefined;
      this.#on.echoed(now - message.at);
      message.echoed(now - message.at);
    }
    if (this.#first > ON_THE_WAY_MAX) {
      this.#onTheWay.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** What is no echo. While something is on its way, it means that this service does not echo. */
  #showOther(bytes) {
    const unfinished = this.#onTheWay[this.#first];
    if (unfinished === undefined) {
      this.#on.other(bytes);
      return;
    }
    const before = unfinished.bytes.subarray(0, unfinished.taken);
    const whole = new Uint8Array(before.length + bytes.length);
    whole.set(before);
    whole.set(bytes, before.length);
    this.#echoes = false;
    this.#forget();
    this.#on.other(whole);
    this.#on.strayed();
  }

  #end(event) {
    this.#forget();
    this.#on.close(event);
    this.wake();
  }

  #forget() {
    this.#onTheWay = [];
    this.#first = 0;
  }
}
