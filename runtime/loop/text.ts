// Tokens of the text form of loop programs, and the cursor that parse.ts moves over those of one line.

import { OnboxError } from '../core/error.js';

const token =
  /\s*(?:(?<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(?<suffix>:[a-z]+\d*)|(?<sign>max=|min=|[+*]=|<=|\.\.|[-+*/%=<?:,[\](){}])|(?<name>is-nan\b|less-equal\b|[A-Za-z_]\w*))/y;

interface Token {
  readonly kind: 'number' | 'suffix' | 'sign' | 'name';
  readonly text: string;
}

export class Line {
  readonly indent: number;
  private readonly tokens: readonly Token[];
  private position = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text.trim();
    this.indent = text.length - text.trimStart().length;
    this.tokens = this.split();
  }

  private split(): Token[] {
    const tokens: Token[] = [];
    const pattern = new RegExp(token);
    while (pattern.lastIndex < this.text.length) {
      const from = pattern.lastIndex;
      const groups = pattern.exec(this.text)?.groups;
      if (groups === undefined) this.fail(`cannot read "${this.text.slice(from)}"`);
      for (const kind of ['number', 'suffix', 'sign', 'name'] as const) {
        const text = groups[kind];
        if (text !== undefined) tokens.push({ kind, text });
      }
    }
    return tokens;
  }

  fail(message: string): never {
    throw new OnboxError(`${message} in "${this.text}"`, { code: 'program-text' });
  }

  /** Takes the next token if it is this one. */
  accept(text: string): boolean {
    if (this.tokens[this.position]?.text !== text) return false;
    this.position++;
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) this.fail(`expected "${text}", found ${this.found()}`);
  }

  /** Takes the next token if it is of this kind. */
  take(kind: Token['kind']): string | undefined {
    const next = this.tokens[this.position];
    if (next?.kind !== kind) return undefined;
    this.position++;
    return next.text;
  }

  name(): string {
    return this.take('name') ?? this.fail(`expected a name, found ${this.found()}`);
  }

  /** A whole number, maybe negative. */
  whole(): number {
    const negative = this.accept('-');
    const size = Number(this.take('number'));
    if (!Number.isInteger(size)) this.fail(`expected a whole number before ${this.found()}`);
    return negative ? -size : size;
  }

  /** Items between commas up to `close`, which is taken too. */
  list<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    if (this.accept(close)) return items;
    do items.push(item());
    while (this.accept(','));
    this.expect(close);
    return items;
  }

  end(): void {
    if (this.position < this.tokens.length) this.fail(`expected nothing more, found ${this.found()}`);
  }

  private found(): string {
    const next = this.tokens[this.position];
    return next === undefined ? 'the end' : `"${next.text}"`;
  }
}
