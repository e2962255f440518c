// SPDX-License-Identifier: Apache-2.0
//
// What the page counts: messages and bytes of the last second, the last 1,000 round-trip times, and
// for each tick of the last minute what the sparkline draws of it. The clock is a parameter:
// milliseconds that only grow.

const ROUND_TRIPS_KEPT = 1000;
const RATE_MS = 1000;

/** Ticks a minute: what the sparkline shows. */
export const TICK_MS = 250;
export const TICKS_KEPT = 60_000 / TICK_MS;

/** The value below which `share` of the sorted `values` lie. */
function quantile(values, share) {
  return values[Math.min(values.length - 1, Math.floor(values.length * share))];
}

export class Figures {
  #roundTrips = new Float64Array(ROUND_TRIPS_KEPT);  // a ring; the next goes to #count % its length
  #count = 0;
  #countAtTick = 0;
  #total = {messages: 0, out: 0, in: 0};
  #samples = [];  // {at, messages, out, in}: totals at the ticks of the last second and one before

  /** For each tick of the last minute, the oldest first: {min, median, p99} or null. */
  ticks = [];

  sent(bytes) {
    this.#total.out += bytes;
  }

  received(bytes) {
    this.#total.in += bytes;
  }

  /** A message came back after `ms`. */
  echoed(ms) {
    this.#roundTrips[this.#count++ % ROUND_TRIPS_KEPT] = ms;
    this.#total.messages += 1;
  }

  /** A message came that is no echo. */
  other() {
    this.#total.messages += 1;
  }

  /** A new connection has no past. */
  clear() {
    this.#count = this.#countAtTick = 0;
    this.ticks = [];
  }

  /**
   * Closes a tick at `now`. {messages, out, in} a second, and {now, median, p99} of round-trip
   * times in ms, null while there are none.
   */
  tick(now) {
    const sinceTick = Math.min(this.#count - this.#countAtTick, ROUND_TRIPS_KEPT);
    this.ticks.push(sinceTick > 0 ? this.#spread(sinceTick) : null);
    if (this.ticks.length > TICKS_KEPT) this.ticks.shift();
    this.#countAtTick = this.#count;
    return {...this.#rates(now), roundTrip: this.#count > 0 ? this.#recent() : null};
  }

  #rates(now) {
    this.#samples.push({at: now, ...this.#total});
    while (this.#samples.length > 2 && this.#samples[1].at <= now - RATE_MS) this.#samples.shift();
    const from = this.#samples[0];
    const seconds = Math.max(now - from.at, TICK_MS) / 1000;
    return {
      messages: (this.#total.messages - from.messages) / seconds,
      out: (this.#total.out - from.out) / seconds,
      in: (this.#total.in - from.in) / seconds,
    };
  }

  #recent() {
    const {median, p99} = this.#spread(Math.min(this.#count, ROUND_TRIPS_KEPT));
    return {now: this.#roundTrips[(this.#count - 1) % ROUND_TRIPS_KEPT], median, p99};
  }

  /** Of the last `count` round trips, which the ring still has. */
  #spread(count) {
    const values = new Float64Array(count);
    for (let i = 0; i < count; ++i) {
      values[i] = this.#roundTrips[(this.#count - 1 - i) % ROUND_TRIPS_KEPT];
    }
    values.sort();
    return {min: values[0], median: quantile(values, 0.5), p99: quantile(values, 0.99)};
  }
}
