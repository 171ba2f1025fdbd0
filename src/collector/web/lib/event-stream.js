// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The text of Server-Sent Events, piece by piece as it comes, to messages (WHATWG HTML 9.2.6).

/**
 * @typedef {Object} Message
 * @property {string} name `message` where the stream gives none
 * @property {?string} data null: it only says where the stream is
 * @property {string} id of the last message that had one; '' before
 */

export class EventStreamParser {
  constructor() {
    this.rest = '';
    this.id = '';
    /** What the stream said last of the time to wait before the next connection, ms; or null. */
    this.retry = null;
    this.clear();
  }

  clear() {
    this.name = '';
    this.data = [];
    this.placed = false;
  }

  /**
   * @param {string} text decoded, cut anywhere
   * @returns {Array<Message>} those that are whole by now
   */
  push(text) {
    this.rest += text;
    const messages = [];
    for (const line of this.lines()) {
      if (line !== '')
        this.field(line);
      else if (this.data.length > 0 || this.placed)
        messages.push(this.message());
      else
        this.clear();
    }
    return messages;
  }

  // A return at the end of the text may have its line feed in the next piece.
  lines() {
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    return lines;
  }

  field(line) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data')
      this.data.push(value);
    else if (name === 'event')
      this.name = value;
    else if (name === 'id' && !value.includes('\0'))
      [this.id, this.placed] = [value, true];
    else if (name === 'retry' && /^[0-9]+$/.test(value))
      this.retry = Number(value);
  }

  message() {
    const message = {name: this.name || 'message', id: this.id,
      data: this.data.length > 0 ? this.data.join('\n') : null};
    this.clear();
    return message;
  }
}
