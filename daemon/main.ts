#!/usr/bin/env node
// The `onbox` command.

import { runCommandLine } from './commands/index.js';

// A reader such as `head` may close the pipe before all is written; that is its right.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

runCommandLine(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  // A getter, because reading `process.stdin` opens it.
  get input() {
    return process.stdin;
  },
  isInteractive: process.stderr.isTTY === true,
  environment: process.env,
}).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`onbox: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  },
);
