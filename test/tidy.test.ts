// What no linter checks: the size, name and first lines of every file, and words that mean unfinished work.

import { posix } from 'node:path';
import { listSources, readSource } from './support/sources.js';

const linesMax = 400;

/** How names are spelled, by ending. */
const spellings: Readonly<Record<string, RegExp>> = {
  ts: /^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/,
  js: /^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.js$/,
  cc: /^[a-z0-9]+(_[a-z0-9]+)*\.cc$/,
  h: /^[a-z0-9]+(_[a-z0-9]+)*\.h$/,
  c: /^[a-z0-9]+(_[a-z0-9]+)*\.c$/,
  py: /^[a-z0-9]+(_[a-z0-9]+)*\.py$/,
};

// Split, so that this file does not have them. A marker is written in capitals.
const markers = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK', 'X' + 'XX'].join('|')})\\b`);
const unfinished = new RegExp(`not ${'implemented'}\\b|for ${'now'}\\b`, 'i');
const machinePaths = new RegExp(`['"\`\\s(](/${'work'}|/${'root'}|/${'home'}|/${'Users'}|/${'tmp'})/`);

const sources = listSources().filter((path) => endingOf(path) in spellings);

function endingOf(path: string): string {
  return posix.extname(path).slice(1);
}

/** A comment of any of the languages, in the first line or below the line that names an interpreter. */
function opensWithComment(text: string): boolean {
  return /^(#!.*\n)?(\/\/|\/\*|#|""")\s*\S/.test(text);
}

/** What is wrong with a file, in words. */
function faultsOf(path: string): string[] {
  const text = readSource(path);
  const lines = text.split('\n');
  const faults: string[] = [];
  if (!spellings[endingOf(path)]?.test(posix.basename(path))) faults.push('its name is spelled otherwise');
  if (!opensWithComment(text)) faults.push('it does not open with a comment');
  if (lines.length - 1 > linesMax) faults.push(`it has ${lines.length - 1} lines, ${linesMax} at most`);
  lines.forEach((line, index) => {
    if (markers.test(line) || unfinished.test(line)) faults.push(`line ${index + 1} is unfinished: ${line.trim()}`);
    if (machinePaths.test(line)) faults.push(`line ${index + 1} names a folder of one machine: ${line.trim()}`);
  });
  return faults;
}

test.each(sources)('%s is tidy', (path) => {
  expect(faultsOf(path)).toEqual([]);
});
