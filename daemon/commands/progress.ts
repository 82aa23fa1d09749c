// Progress for people: one line that is rewritten on a terminal, plain lines elsewhere (a log, a pipe).

import { plainText } from '../log.js';
import type { Terminal } from './command.js';

export interface Step {
  readonly stage: string;
  readonly completed?: number;
  readonly total?: number;
}

export interface Progress {
  show(step: Step): void;
  /** Ends the line and says how it went. */
  done(text: string): void;
  /** Takes the line away, before an error is written. */
  clear(): void;
}

/** @param title what is being done, as `compile yolov8n` */
export function createProgress(terminal: Pick<Terminal, 'err' | 'isInteractive'>, title: string): Progress {
  let lastStage = '';
  const line = (text: string): void => terminal.err(terminal.isInteractive ? `\r\u001b[K${text}` : `${text}\n`);
  return {
    show(step) {
      const count = step.total === undefined ? '' : ` ${step.completed ?? 0}/${step.total}`;
      // A log gets a line a stage, not one a kernel.
      if (!terminal.isInteractive && step.stage === lastStage) return;
      lastStage = step.stage;
      line(plainText(`${title}: ${step.stage}${terminal.isInteractive ? count : ''}`));
    },
    done(text) {
      terminal.err(`${terminal.isInteractive ? '\r\u001b[K' : ''}${plainText(`${title}: ${text}`)}\n`);
    },
    clear() {
      if (terminal.isInteractive) terminal.err('\r\u001b[K');
    },
  };
}
