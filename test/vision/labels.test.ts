// Labels are foreign text: literals are read, everything else is refused with its place.

import fc from 'fast-check';
import {
  cleanLabels,
  coco80,
  labelLengthMax,
  labelOf,
  labelsMax,
  parseLabels,
  parseNames,
} from '../../runtime/vision/labels.js';

test('the names of Ultralytics are read from the text of a Python dictionary', () => {
  expect(parseNames(`{0: 'person', 1: "driver's cab", 2: 'say \\'hi\\''}`)).toEqual(['person', "driver's cab", "say 'hi'"]);
  expect(parseNames("{0: 'caf\\xe9', 1: '\\u4eba', 2: '\\U0001f600', 3: 'a\\\\b'}")).toEqual(['café', '人', '😀', 'a\\b']);
  expect(parseNames('{}')).toEqual([]);
});

test('JSON dictionaries and lists of both languages are read too', () => {
  expect(parseNames('{"0": "cat", "1": "dog"}')).toEqual(['cat', 'dog']);
  expect(parseNames(`['cat', "dog",]`)).toEqual(['cat', 'dog']);
});

test('classes that a dictionary leaves out are named by their number, and its order does not count', () => {
  expect(parseNames("{2: 'c', 0: 'a'}")).toEqual(['a', 'class 1', 'c']);
});

test('text that is neither a dictionary nor a list has no names', () => {
  expect(parseNames('')).toBeUndefined();
  expect(parseNames('resnet18')).toBeUndefined();
  expect(parseNames("__import__('os').system('true')")).toBeUndefined();
});

test.each([
  "{0: 'a'",
  "{0: 'a",
  '{0: a}',
  "{0 'a'}",
  "{-1: 'a'}",
  "{0: 'a' 1: 'b'}",
  "{0: 'a'} + 1",
  "{0: open('/etc/passwd')}",
  "['a' 'b']",
  "['\\q']",
  "['\\xzz']",
  "['\\U00110000']",
  '[[[[',
])('what is no literal is refused with its place: %s', (text) => {
  expect(() => parseNames(text)).toThrow(
    expect.objectContaining({ code: 'labels-invalid', message: expect.stringMatching(/character \d+/) }),
  );
});

test('the count of labels is capped, and no class number makes a list longer', () => {
  expect(() => parseNames(`[${"'a',".repeat(labelsMax + 1)}]`)).toThrow(/at most 32768/);
  expect(() => parseNames("{999999: 'a'}")).toThrow(/at most 32768/);
  expect(() => parseLabels('a\n'.repeat(1_000_000))).toThrow(/1000000.*32768/);
});

test('labels are cut and lose their control characters', () => {
  expect(cleanLabels(['a\nb\u001b[31m', 'x'.repeat(500), '\u202egpj'])).toEqual([
    'a b [31m',
    'x'.repeat(labelLengthMax),
    'gpj',
  ]);
});

test('a labels file has one label a line, whatever ends the lines', () => {
  expect(parseLabels('\uFEFFcat\r\ndog\r\n\r\n')).toEqual(['cat', 'dog']);
  expect(parseLabels('cat\n\ndog')).toEqual(['cat', '', 'dog']);
  expect(() => parseLabels('\n\n')).toThrow(expect.objectContaining({ code: 'labels-invalid' }));
});

test('any names survive being written as JSON', () => {
  const names = fc.array(fc.string({ maxLength: 20 }), { maxLength: 30 });
  fc.assert(fc.property(names, (list) => expect(parseNames(JSON.stringify(list))).toEqual(cleanLabels(list))));
});

test('any text is read or refused with labels-invalid', () => {
  const text = fc.string({ maxLength: 60, unit: fc.constantFrom(...`{}[]:,'"\\xuU0123 abc`) });
  fc.assert(
    fc.property(text, (names) => {
      try {
        parseNames(names);
      } catch (error) {
        expect(error).toMatchObject({ code: 'labels-invalid' });
      }
    }),
  );
});

test('COCO has its 80 classes, and a class without a label is named by its number', () => {
  expect(coco80).toHaveLength(80);
  expect([coco80[0], coco80[79]]).toEqual(['person', 'toothbrush']);
  expect([labelOf(['cat'], 0), labelOf(['cat'], 1)]).toEqual(['cat', 'class 1']);
});
