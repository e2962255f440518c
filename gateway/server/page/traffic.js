// SPDX-License-Identifier: Apache-2.0
//
// What sends many messages by itself: a file in pieces, and a load. Both keep so many on the way
// and send the next when something came back, so that a slow service is never flooded.

const PIECE_BYTES = 64 << 10;
const PIECES_ON_THE_WAY_MAX = 8;
// A load sends no more while the browser holds so much; with its last message of at most
// LOAD_BYTES_MAX above that, 2 MiB of EchoLink's bound.
const LOAD_BUFFERED_BYTES_MAX = 1 << 20;
export const LOAD_BYTES_MAX = 1 << 20;
// getRandomValues fills no more than this at once.
const RANDOM_BYTES_MAX = 65536;

/** Why a file did not come back whole; the message is for people. */
export class NotVerified extends Error {}

async function roomFor(link, onTheWay, max) {
  while (link.isOpen && link.echoes && (onTheWay() >= max || !link.hasRoom)) await link.change();
  if (!link.isOpen) throw new NotVerified('the connection ended before all of it was back');
  if (!link.echoes) throw new NotVerified('what came back differs from what was sent');
}

/**
 * Sends `file` in pieces of 64 KiB, at most 8 of them on the way, and resolves when its last byte
 * is back as it was sent. `progress(bytes)` tells how much is back. Throws NotVerified, or what
 * reading the file throws.
 */
export async function sendFile(link, file, progress) {
  let onTheWay = 0;
  let verified = 0;
  for (let at = 0; at < file.size; at += PIECE_BYTES) {
    const piece = new Uint8Array(await file.slice(at, at + PIECE_BYTES).arrayBuffer());
    const back = () => {
      --onTheWay;
      verified += piece.length;
      progress(verified);
    };
    do {
      await roomFor(link, () => onTheWay, PIECES_ON_THE_WAY_MAX);
    } while (!link.send(piece, back));
    ++onTheWay;
  }
  while (verified < file.size) await roomFor(link, () => onTheWay, 1);
}

function randomBytes(size) {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += RANDOM_BYTES_MAX) {
    crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES_MAX));
  }
  return bytes;
}

/** Messages of one size, so many on the way, for so long. */
export class Load {
  #stopped = false;
  #link;

  constructor(link) {
    this.#link = link;
  }

  /** Sends nothing more; run() resolves. */
  stop() {
    this.#stopped = true;
    this.#link.wake();
  }

  /** Resolves with {messages, seconds}: how many were back, after how long. */
  async run({bytes, count, ms}) {
    const link = this.#link;
    const payload = randomBytes(bytes);
    const begin = performance.now();
    const timer = setTimeout(() => this.stop(), ms);
    let onTheWay = 0;
    let messages = 0;
    const echoed = () => {
      --onTheWay;
      ++messages;
    };
    while (!this.#stopped && link.isOpen && link.echoes) {
      while (onTheWay < count && link.bufferedBytes < LOAD_BUFFERED_BYTES_MAX &&
             link.send(payload, echoed)) {
        ++onTheWay;
      }
      await link.change();
    }
    clearTimeout(timer);
    return {messages, seconds: (performance.now() - begin) / 1000};
  }
}
