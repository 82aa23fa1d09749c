// What README.md says of commands, operators, heads, errors and sidecars is what the code has.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { statusOf } from '../daemon/api/errors.js';
import { overview } from '../daemon/commands/help.js';
import { commands } from '../daemon/commands/index.js';
import { settings } from '../daemon/config/settings.js';
import { importers, microsoftImporters } from '../runtime/onnx/ops/index.js';
import { heads } from '../runtime/vision/heads/index.js';
import { parseSidecar } from '../runtime/vision/sidecar.js';
import { listSources, readSource } from './support/sources.js';

const readme = readSource('README.md');

/** The rows of the table below a marker such as `<!-- flags -->`, without its two first lines; the cells of each. */
function tableAt(marker: string): string[][] {
  const start = readme.indexOf(`<!-- ${marker} -->\n`);
  expect(start).toBeGreaterThan(0);
  const lines = readme.slice(start).split('\n').slice(1);
  const rows = lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith('|')),
    )
    .slice(2);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The texts between backquotes. */
function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

test('the list of commands is what onbox help prints', () => {
  expect(readme).toContain(`\`\`\`\n${overview(commands)}\`\`\``);
});

test('the flags of each command are those that it takes', () => {
  const told = tableAt('flags').map(([name = '', flags = '']) => [quoted(name)[0], quoted(flags)]);
  const taken = commands.map(({ name, flags }) => {
    const spelled = Object.entries(flags).map(([flag, { type, value }]) => `--${flag}${type === 'string' ? ` ${value}` : ''}`);
    return [name, spelled] as const;
  });
  expect(told).toEqual(taken.filter(([, flags]) => flags.length > 0));
});

test('every command line in it has a command and flags that exist', () => {
  const lines = [...readme.matchAll(/^\$ (?:ssh box )?onbox ([a-z]+)(.*)$/gm)];
  expect(lines.length).toBeGreaterThan(3);
  for (const [line, name, rest = ''] of lines) {
    const command = commands.find((candidate) => candidate.name === name);
    const flags = [...rest.matchAll(/--([a-z-]+)/g)].map((match) => match[1]);
    expect([line, flags.filter((flag) => !Object.hasOwn(command?.flags ?? {}, flag ?? ''))]).toEqual([line, []]);
  }
});

/** A row for each first letter. */
function operatorTable(): string {
  const names = Object.keys(importers).sort();
  const rows = [...new Set(names.map(([letter]) => letter))].map(
    (letter) => `| ${letter} | ${names.filter((name) => name.startsWith(letter ?? '')).join(', ')} |`,
  );
  return ['| | |', '|---|---|', ...rows, ''].join('\n');
}

const operatorLists: readonly (readonly [marker: string, list: string])[] = [
  ['<!-- operators -->\n', operatorTable()],
  ['<!-- operators of com.microsoft -->\n', `${Object.keys(microsoftImporters).sort().join(', ')}\n`],
];

// ONBOX_UPDATE=1 writes the lists anew.
test('the operators are those that are imported', () => {
  for (const [marker, list] of operatorLists) {
    if (process.env['ONBOX_UPDATE'] === '1') {
      const [before = '', after = ''] = readSource('README.md').split(marker);
      writeFileSync(join(__dirname, '../README.md'), before + marker + list + after.slice(after.indexOf('\n\n') + 1));
    }
    expect(readSource('README.md')).toContain(`${marker}${list}\n`);
  }
});

test('the heads are told in the order in which they are tried', () => {
  expect(tableAt('heads').map(([kind = '']) => quoted(kind)[0])).toEqual(heads.map(({ kind }) => kind));
});

test('every error code stands beside its status', () => {
  const rows = [...readme.matchAll(/^\| ([0-9, ]+) \| (.*) \|$/gm)];
  expect(rows.length).toBeGreaterThan(5);
  for (const [, statuses = '', text = ''] of rows) {
    for (const code of quoted(text))
      expect([code, statuses.split(', ')]).toEqual([code, expect.arrayContaining([String(statusOf(code))])]);
  }
});

test('the fields of the sidecar are those that are read', () => {
  const fields = tableAt('sidecar').flatMap(([names = '']) => quoted(names));
  const known = (text: string): string[] => {
    const message = /it may have (.*)$/.exec(messageOf(() => parseSidecar(text)))?.[1] ?? '';
    return message.split(', ');
  };
  const image = known('{"image": {"x": 1}}').map((field) => `image.${field}`);
  expect(fields.sort()).toEqual([...known('{"x": 1}').filter((field) => field !== 'image'), ...image].sort());
});

test('the sidecar that it shows is accepted', () => {
  const shown = [...readme.matchAll(/```json\n([^`]*)```/g)].map((match) => match[1] ?? '');
  expect(shown).toHaveLength(1);
  expect(parseSidecar(shown[0] ?? '').image).toMatchObject({ colors: 'bgr' });
});

test('the settings are those of the configuration, with what holds without them', () => {
  const told = tableAt('settings').map(([name = '', , meaning = '']) => [quoted(name)[0], meaning]);
  expect(told).toEqual(Object.entries(settings).map(([name, { help }]) => [name, help]));
});

test('every room of the runtime is in the table of rooms', () => {
  const told = tableAt('rooms').map(([link = '']) => /^\[([^\]]+)\]/.exec(link)?.[1]);
  const rooms = new Set(listSources().flatMap((path) => /^runtime\/[a-z]+(?=\/)/.exec(path) ?? []));
  expect([...rooms].filter((room) => !told.includes(room))).toEqual([]);
});

test('every file that it points to is there', () => {
  const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] ?? '');
  expect(links.filter((link) => !existsSync(join(__dirname, '..', link)))).toEqual([]);
});

function messageOf(run: () => unknown): string {
  try {
    run();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
