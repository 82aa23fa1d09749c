// One line of a graph's text, token by token.

import { OnboxError } from '../core/error.js';

/** A JSON string, a number, a word, or punctuation. */
const tokenPattern = /"(?:[^"\\]|\\.)*"|-?(?:\d[\d.]*(?:e[+-]?\d+)?|Infinity)|[A-Za-z_/][\w./-]*|[[\](){}:,=]/y;

export class Scanner {
  readonly #text: string;
  readonly #lineNumber: number;
  #at = 0;
  #token: string | undefined;

  /** @param lineNumber for messages */
  constructor(text: string, lineNumber: number) {
    this.#text = text;
    this.#lineNumber = lineNumber;
    this.#advance();
  }

  /** The next token as it stands, undefined at the end. */
  peek(): string | undefined {
    return this.#token;
  }

  /** Takes the next token if it is `token`. */
  accept(token: string): boolean {
    if (this.#token !== token) return false;
    this.#advance();
    return true;
  }

  /** @throws OnboxError `graph-text` if the next token is another */
  expect(token: string): void {
    if (!this.accept(token)) this.fail(`wants ${token}`);
  }

  /** A word or a JSON string. */
  name(): string {
    const token = this.#token ?? '';
    if (!/^["A-Za-z_/]/.test(token)) this.fail('wants a name');
    this.#advance();
    return token.startsWith('"') ? this.#unquote(token) : token;
  }

  /** A JSON string. */
  string(): string {
    if (!this.#token?.startsWith('"')) this.fail('wants a string');
    return this.name();
  }

  /** A number as it is written. */
  number(): string {
    const token = this.#token ?? '';
    if (!/^(-?\d[\d.]*(e[+-]?\d+)?|-?Infinity|NaN)$/.test(token)) this.fail('wants a number');
    this.#advance();
    return token;
  }

  /** A whole number as it is written, of any length. */
  integer(): string {
    if (!/^-?\d+$/.test(this.#token ?? '')) this.fail('wants a whole number');
    return this.number();
  }

  /** What `item` reads, separated by commas, up to `close`. */
  list<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.accept(close)) {
      if (items.length > 0) this.expect(',');
      items.push(item());
    }
    return items;
  }

  end(): void {
    if (this.#token !== undefined) this.fail('wants the end of the line');
  }

  /** @throws OnboxError `graph-text`, always */
  fail(reason: string): never {
    const found = this.#token === undefined ? 'the end of the line' : this.#token.slice(0, 80);
    throw new OnboxError(`line ${this.#lineNumber} of the graph ${reason}, got ${found}`, { code: 'graph-text' });
  }

  #advance(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
    if (this.#at >= this.#text.length) {
      this.#token = undefined;
      return;
    }
    tokenPattern.lastIndex = this.#at;
    const match = tokenPattern.exec(this.#text);
    this.#token = match?.[0] ?? this.#text.charAt(this.#at);
    if (match === null) this.fail('has no such character here');
    this.#at = tokenPattern.lastIndex;
  }

  #unquote(token: string): string {
    try {
      return String(JSON.parse(token));
    } catch {
      return this.fail(`has a damaged string ${token.slice(0, 80)}`);
    }
  }
}
