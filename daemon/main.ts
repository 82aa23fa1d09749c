#!/usr/bin/env node
// The `onbox` command.

import { runCommandLine } from './commands/index.js';

/** What a shell says of a program whose reader went away: 128 and the number of SIGPIPE. */
const brokenPipeCode = 141;

const closed = new AbortController();
for (const stream of [process.stdout, process.stderr]) {
  // A reader such as `head`, or the other end of an ssh that was cut, may close the pipe before all is written. That is its right, but
  // no reason to leave work half done: what else is written goes nowhere.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    closed.abort();
  });
}

runCommandLine(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  // A getter, because reading `process.stdin` opens it.
  get input() {
    return process.stdin;
  },
  isInteractive: process.stderr.isTTY === true,
  environment: process.env,
  closed: closed.signal,
}).then(
  (code) => {
    process.exitCode = code;
    // Whether the pipe is broken shows once all is written.
    process.once('beforeExit', () => {
      if (code === 0 && closed.signal.aborted) process.exitCode = brokenPipeCode;
    });
  },
  (error: unknown) => {
    process.stderr.write(`onbox: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  },
);
