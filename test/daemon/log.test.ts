// The log: one line an event, whatever is in it.

import { createLog, plainText, printCount, printFact } from '../../daemon/log.js';

test('text from outside cannot start a line, move a cursor or turn the reading direction', () => {
  const lines: string[] = [];
  createLog((line) => lines.push(line))('event', { name: 'a\r\n2026 forged\u001b[2J\u0085\u2028\u202e\u007f' });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^\S+ event name="a\\r\\n2026 forged\\u001b\[2J\\u0085\\u2028\\u202e\\u007f"\n$/);
});

test('a long fact is cut', () => {
  expect(printFact('x'.repeat(10_000)).length).toBeLessThan(600);
});

test('every kind of value is printed', () => {
  expect([1, 2n, null, undefined, true, { a: [1] }].map(printFact)).toEqual([
    '1',
    '"2"',
    'null',
    'undefined',
    'true',
    '{"a":[1]}',
  ]);
});

test('text for a terminal keeps its quotes and loses what acts on it', () => {
  expect(plainText('say "hi"\u001b[31m\n')).toBe('say "hi"\\u001b[31m\\n');
});

test('one of a thing is not many', () => {
  expect([0, 1, 2].map((count) => printCount(count, 'object'))).toEqual(['0 objects', '1 object', '2 objects']);
});
