// Labels: the names of a model's classes, from its metadata, a file or the sidecar. All of it is foreign text: it is parsed by a
// scanner of its own, never evaluated, counted and cut before it goes anywhere.

import { OnboxError } from '../core/error.js';

/** ImageNet-21k has 21,841 classes. */
export const labelsMax = 32_768;
/** Characters of one label. */
export const labelLengthMax = 128;

/** The classes of COCO in the order of its detectors. */
export const coco80: readonly string[] = (
  'person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,bench,bird,cat,dog,' +
  'horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,' +
  'baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,' +
  'orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,' +
  'cell phone,microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush'
).split(',');

/** The label of a class, for people: its name, or its number where it has none. */
export function labelOf(labels: readonly string[], index: number): string {
  return labels[index] ?? `class ${index}`;
}

/**
 * The text of a labels file: one label a line, or a list or dictionary as `parseNames` takes.
 * @throws OnboxError `labels-invalid` over `labelsMax` or without any label
 */
export function parseLabels(text: string): string[] {
  const named = parseNames(text);
  if (named !== undefined) return named;
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|[\n\r]/);
  while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop();
  if (lines.length === 0) throw new OnboxError('the labels are empty', { code: 'labels-invalid' });
  return cleanLabels(lines);
}

/**
 * Ultralytics' `names`: the text of a Python or JSON dictionary `{0: 'person', 1: "it's"}` or list `['person', "it's"]`.
 * A class that a dictionary leaves out is named by its number.
 * @returns undefined if the text is neither a dictionary nor a list
 * @throws OnboxError `labels-invalid` if it starts as one and goes wrong, or holds more than `labelsMax`
 */
export function parseNames(text: string): string[] | undefined {
  const scanner = new NamesScanner(text);
  if (scanner.take('[')) return cleanLabels(scanner.list());
  if (scanner.take('{')) return cleanLabels(scanner.dictionary());
  return undefined;
}

/**
 * Labels as they may be shown: control characters become spaces, long ones are cut.
 * @throws OnboxError `labels-invalid` over `labelsMax`
 */
export function cleanLabels(labels: readonly string[]): string[] {
  if (labels.length > labelsMax) throw tooMany(labels.length);
  return labels.map((label) =>
    label
      .slice(0, labelLengthMax)
      .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ')
      .trim(),
  );
}

function tooMany(count: number): OnboxError {
  return new OnboxError(`there are ${count} labels or more, at most ${labelsMax} are accepted`, { code: 'labels-invalid' });
}

const simpleEscapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"', '/': '/' };

/** Reads the literals that Python's `str` and JSON write for names. It never looks back, so its time is linear. */
class NamesScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Passes spaces, then `character` if it is next. */
  take(character: string): boolean {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** After `[`. */
  list(): string[] {
    const labels: string[] = [];
    while (!this.take(']')) {
      labels.push(this.#string());
      if (labels.length > labelsMax) throw tooMany(labels.length);
      if (!this.take(',') && this.#next() !== ']') throw this.#wrong('"," or "]"');
    }
    this.#end();
    return labels;
  }

  /** After `{`. */
  dictionary(): string[] {
    const names = new Map<number, string>();
    while (!this.take('}')) {
      const key = this.#key();
      if (!this.take(':')) throw this.#wrong('":"');
      names.set(key, this.#string());
      if (!this.take(',') && this.#next() !== '}') throw this.#wrong('"," or "}"');
    }
    this.#end();
    const count = Math.max(-1, ...names.keys()) + 1;
    return Array.from({ length: count }, (_, index) => names.get(index) ?? `class ${index}`);
  }

  /** A class index, quoted in JSON. */
  #key(): number {
    const quoted = this.#next() === '"' || this.#next() === "'";
    const digits = quoted ? this.#string() : this.#digits();
    const key = /^\d{1,6}$/.test(digits) ? Number(digits) : Number.NaN;
    if (!(key >= 0)) throw this.#wrong('a class number');
    if (key >= labelsMax) throw tooMany(key + 1);
    return key;
  }

  #digits(): string {
    const start = this.#at;
    while (/\d/.test(this.#text[this.#at] ?? '')) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #string(): string {
    const quote = this.#next();
    if (quote !== "'" && quote !== '"') throw this.#wrong('a quoted name');
    this.#at++;
    const parts: string[] = [];
    for (;;) {
      const character = this.#text[this.#at++];
      if (character === undefined) throw this.#wrong('the closing quote');
      if (character === quote) return parts.join('');
      parts.push(character === '\\' ? this.#escape() : character);
    }
  }

  #escape(): string {
    const character = this.#text[this.#at++] ?? '';
    const simple = simpleEscapes[character];
    if (simple !== undefined) return simple;
    const length = { x: 2, u: 4, U: 8 }[character];
    const hex = this.#text.slice(this.#at, this.#at + (length ?? 0));
    const code = /^[0-9a-fA-F]+$/.test(hex) && hex.length === length ? Number.parseInt(hex, 16) : Number.NaN;
    if (!(code <= 0x10ffff)) throw this.#wrong('a known escape');
    this.#at += hex.length;
    return String.fromCodePoint(code);
  }

  #next(): string | undefined {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
    return this.#text[this.#at];
  }

  #end(): void {
    if (this.#next() !== undefined) throw this.#wrong('the end');
  }

  #wrong(expected: string): OnboxError {
    const found = this.#text.slice(this.#at, this.#at + 16);
    return new OnboxError(`the labels have ${JSON.stringify(found)} at character ${this.#at}, where ${expected} should be`, {
      code: 'labels-invalid',
    });
  }
}
