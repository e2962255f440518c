// SPDX-License-Identifier: Apache-2.0
//
// What a close code means, in a sentence for people: the codes of RFC 6455 7.4.1 and those that
// were registered with IANA later.
const SENTENCES = new Map([
  [1000, 'Normal end: what the connection was for is done.'],
  [1001, 'Going away: the other side shuts down, or nothing moved for too long.'],
  [1002, 'Protocol error: a frame broke the rules of WebSocket.'],
  [1003, 'Unsupported: the other side does not take this kind of message.'],
  [1004, 'Reserved: no meaning has been defined for this code.'],
  [1005, 'No code: the other side closed without giving one.'],
  [1006, 'No Close frame: the connection broke, or it never came about.'],
  [1007, 'Invalid text: a text message was not UTF-8.'],
  [1008, 'Policy violation: the other side refuses what was sent.'],
  [1009, 'Too big: a message was larger than the other side takes.'],
  [1010, 'Missing extension: the server did not agree to one that this side needs.'],
  [1011, 'Server error: something unexpected stopped the service.'],
  [1012, 'Restart: the service starts again; connect again.'],
  [1013, 'Try later: the server is short of something for the moment.'],
  [1014, 'Bad gateway: the service behind the gateway gave no valid answer.'],
  [1015, 'TLS failed: no secure connection could be made.'],
]);

/** The sentence for `code`, for any number that a close event can carry. */
export function meaningOf(code) {
  if (SENTENCES.has(code)) return SENTENCES.get(code);
  if (code >= 3000 && code <= 3999) return 'A code of a library or framework, registered at IANA.';
  if (code >= 4000 && code <= 4999) return 'A code of the application itself.';
  return 'A code that no standard defines.';
}
