// SPDX-License-Identifier: Apache-2.0
//
// The log on the page: the last lines, each with its time and its direction. It follows its end
// unless somebody has scrolled up to read.
import {timeOfDay} from './units.js';

const LINES_MAX = 200;
// What a line shows of a long text: a few screens. The text itself is not kept.
const TEXT_CHARACTERS_MAX = 2000;
// Closer to the end than this counts as being at it: pixels round.
const NEAR_END_PIXELS = 8;

const SIGNS = {
  sent: {sign: '↑', words: 'sent'},
  received: {sign: '↓', words: 'received'},
  note: {sign: '·', words: 'note'},
};

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function shortened(text) {
  if (text.length <= TEXT_CHARACTERS_MAX) return text;
  return `${text.slice(0, TEXT_CHARACTERS_MAX)}… (${text.length} characters)`;
}

export class Log {
  #list;

  constructor(list) {
    this.#list = list;
  }

  /** `kind`: 'sent', 'received' or 'note'; `aside` stands small behind the text. */
  add(kind, text, aside = '') {
    const list = this.#list;
    const follows = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END_PIXELS;
    const line = element('li', kind, '');
    const sign = element('span', 'sign', SIGNS[kind].sign);
    sign.setAttribute('role', 'img');
    sign.setAttribute('aria-label', SIGNS[kind].words);
    line.append(element('time', '', timeOfDay(new Date())), sign,
                element('span', 'words', shortened(text)), element('span', 'aside', aside));
    list.append(line);
    while (list.childElementCount > LINES_MAX) list.firstElementChild.remove();
    if (follows) list.scrollTop = list.scrollHeight;
  }

  clear() {
    this.#list.replaceChildren();
  }
}
