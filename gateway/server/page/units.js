// SPDX-License-Identifier: Apache-2.0
//
// Numbers as people read them: round-trip times, amounts, rates, the time of day.

// What browsers round their clocks to; below it there is nothing to tell.
const CLOCK_STEP_MS = 0.1;
const DIGITS = new Intl.NumberFormat('en', {maximumFractionDigits: 0});

/** "0.4 ms", "37 ms", "1.20 s". */
export function milliseconds(ms) {
  if (ms < CLOCK_STEP_MS / 2) return '< 0.1 ms';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** "12,345". */
export function count(number) {
  return DIGITS.format(number);
}

/** "312 B", "4.0 kB", "12 MB": powers of ten, three digits at most. */
export function bytes(number) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (number >= 999.5 && unit < units.length - 1) {
    number /= 1000;
    ++unit;
  }
  return `${number.toFixed(unit > 0 && number < 9.95 ? 1 : 0)} ${units[unit]}`;
}

/** "14:03:07.250", in local time. */
export function timeOfDay(date) {
  const two = (number) => String(number).padStart(2, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
