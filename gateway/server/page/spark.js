// SPDX-License-Identifier: Apache-2.0
//
// The sparkline: round-trip times of the last minute on a canvas, the newest at the right edge. A
// line is the median of each tick, the band around it reaches from the fastest to the 99th
// percentile. Colours are those of the style sheet, pixels those of the screen.
import {TICKS_KEPT} from './figures.js';
import {milliseconds} from './units.js';

const PADDING = 6;
// At the sides no more than a dot needs, so that the scale begins where the words above it do.
const SIDE = 2;
const LABEL_FONT_PIXELS = 11;
const DOT_PIXELS = 1.75;

/** The next of 1, 2, 5, 10, ... at or above `value`, so that the scale does not tremble. */
function roundUp(value) {
  const decade = 10 ** Math.floor(Math.log10(value));
  return decade * [1, 2, 5, 10].find((step) => step * decade >= value);
}

export class Spark {
  #canvas;
  #ticks = [];

  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.draw(this.#ticks)).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)')
        .addEventListener('change', () => this.draw(this.#ticks));
  }

  /** `ticks`: what Figures keeps of the last minute. */
  draw(ticks) {
    this.#ticks = ticks;
    const {clientWidth: width, clientHeight: height} = this.#canvas;
    if (width === 0 || height === 0) return;
    const pen = this.#penFor(width, height);
    const top = roundUp(Math.max(0.5, ...ticks.map((tick) => tick?.p99 ?? 0)));
    const span = (width - 2 * SIDE) / (TICKS_KEPT - 1);
    const from = TICKS_KEPT - ticks.length;
    const at = {
      x: (index) => SIDE + (from + index) * span,
      y: (ms) => height - PADDING - (ms / top) * (height - 2 * PADDING - LABEL_FONT_PIXELS),
    };
    const style = getComputedStyle(this.#canvas);
    this.#drawScale(pen, {width, top, at, style});
    for (const run of this.#runs()) this.#drawRun(pen, run, at, style);
  }

  /** A pen in CSS pixels over as many device pixels as the canvas covers. */
  #penFor(width, height) {
    const ratio = window.devicePixelRatio;
    const size = {width: Math.round(width * ratio), height: Math.round(height * ratio)};
    if (this.#canvas.width !== size.width || this.#canvas.height !== size.height) {
      Object.assign(this.#canvas, size);
    }
    const pen = this.#canvas.getContext('2d');
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    return pen;
  }

  #drawScale(pen, {width, top, at, style}) {
    pen.strokeStyle = style.getPropertyValue('--line');
    pen.lineWidth = 1;
    for (const share of [0, 0.5, 1]) {
      const y = Math.round(at.y(share * top)) + 0.5;
      pen.beginPath();
      pen.moveTo(0, y);
      pen.lineTo(width, y);
      pen.stroke();
    }
    pen.fillStyle = style.getPropertyValue('--dim');
    pen.font = `${LABEL_FONT_PIXELS}px ${style.fontFamily}`;
    pen.textBaseline = 'bottom';
    pen.fillText(milliseconds(top), 0, at.y(top) - 2);
    pen.textAlign = 'right';
    pen.fillText('last minute', width, at.y(top) - 2);
    pen.textAlign = 'left';
  }

  /** Ticks that follow each other without a pause, as lists of [index, tick]. */
  #runs() {
    const runs = [];
    this.#ticks.forEach((tick, index) => {
      if (!tick) return;
      const last = runs.at(-1);
      if (last?.at(-1)[0] === index - 1) {
        last.push([index, tick]);
      } else {
        runs.push([[index, tick]]);
      }
    });
    return runs;
  }

  #drawRun(pen, run, at, style) {
    const accent = style.getPropertyValue('--accent');
    pen.beginPath();
    for (const [index, tick] of run) pen.lineTo(at.x(index), at.y(tick.p99));
    for (const [index, tick] of run.toReversed()) pen.lineTo(at.x(index), at.y(tick.min));
    pen.globalAlpha = 0.22;
    pen.fillStyle = accent;
    pen.fill();
    pen.globalAlpha = 1;
    pen.beginPath();
    for (const [index, tick] of run) pen.lineTo(at.x(index), at.y(tick.median));
    pen.strokeStyle = accent;
    pen.lineWidth = 1.5;
    pen.lineJoin = 'round';
    pen.stroke();
    if (run.length > 1) return;
    pen.beginPath();
    pen.arc(at.x(run[0][0]), at.y(run[0][1].median), DOT_PIXELS, 0, 2 * Math.PI);
    pen.fill();
  }
}
