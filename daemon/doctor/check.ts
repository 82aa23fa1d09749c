// What a check of `onbox doctor` is: it looks at one thing and says what it found, and where that is not as it should be, why it matters
// and what helps.

import type { CpuDevice, OpenclReport } from '../../runtime/index.js';
import type { Config } from '../config/read.js';
import type { Board } from './board.js';
import type { Files } from './files.js';

/** `note`: worth knowing; `warning`: slower or less safe than it could be; `problem`: something does not work. */
export type Status = 'ok' | 'note' | 'warning' | 'problem';

export interface Finding {
  readonly status: Status;
  /** What there is, in one line. */
  readonly summary: string;
  readonly why?: string;
  readonly cure?: string;
}

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gids: readonly number[];
}

/** What the checks may look at. Everything but files and texts is a function, so that a check costs only what it needs. */
export interface Patient {
  readonly files: Files;
  readonly board: Board;
  readonly environment: NodeJS.ProcessEnv;
  /** As process.arch and process.versions.node. */
  readonly arch: string;
  readonly nodeVersion: string;
  /** The folder of models and keys, as a path from /. */
  readonly home: string;
  /** Who asks, and the user of the service where there is one. */
  readonly users: readonly User[];
  readonly now: Date;
  /** What a program prints, both streams; undefined if it cannot be started or fails. */
  run(program: string, ...args: readonly string[]): Promise<string | undefined>;
  /** @throws OnboxError as describeCpu does */
  cpu(): CpuDevice;
  /** @throws OnboxError as probeOpencl does */
  opencl(): Promise<OpenclReport>;
  /** @throws OnboxError as readConfig does */
  config(): Promise<Config>;
  /** The status of an onbox at this address; undefined if none answers there. */
  ask(host: string, port: number, isTls: boolean): Promise<DaemonStatus | undefined>;
  /** The Linux error code of an attempt to listen there, as EADDRINUSE; undefined if it worked. */
  tryListen(host: string, port: number): Promise<string | undefined>;
}

export interface DaemonStatus {
  readonly version: string;
  readonly status: string;
  readonly complaints: readonly { readonly name: string; readonly problem: string; readonly cure: string }[];
}

export interface Check {
  readonly name: string;
  run(patient: Patient): Promise<readonly Finding[]> | readonly Finding[];
}

export function ok(summary: string): Finding {
  return { status: 'ok', summary };
}

export function note(summary: string, why: string, cure?: string): Finding {
  return { status: 'note', summary, why, ...(cure === undefined ? {} : { cure }) };
}

export function warning(summary: string, why: string, cure: string): Finding {
  return { status: 'warning', summary, why, cure };
}

export function problem(summary: string, why: string, cure: string): Finding {
  return { status: 'problem', summary, why, cure };
}

/** As in `3.7 GiB`. */
export function printBytes(bytes: number): string {
  const [unit, size] = bytes >= 2 ** 30 ? ['GiB', 2 ** 30] : ['MiB', 2 ** 20];
  return `${(bytes / size).toFixed(bytes >= 10 * size ? 0 : 1)} ${unit}`;
}
