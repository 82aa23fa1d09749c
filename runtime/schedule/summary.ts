// A schedule in a few words, for people who read a profile.

import type { Schedule } from './steps.js';

/** As `split w 14, vector ci, unroll wu co, parallel h`; `plain` for the empty one. */
export function summarize(schedule: Schedule): string {
  const words: string[] = [];
  const named = (kind: string): string => {
    const loops = schedule.flatMap((step) => (step.step === kind && 'loop' in step ? [step.loop] : []));
    return [...new Set(loops)].join(' ');
  };
  for (const step of schedule) {
    if (step.step === 'split') words.push(`split ${step.loop} ${step.factor}`);
    else if (step.step === 'fuse') words.push(`fuse ${step.outer} ${step.inner}`);
    else if (step.step === 'reorder') words.push(`order ${step.loops.join(' ')}`);
    else if (step.step === 'bind') words.push(`bind ${step.loop} ${step.dimension} of ${step.group}`);
    else if (step.step === 'rfactor') words.push(`rfactor ${step.loop}`);
  }
  for (const [kind, word] of [
    ['vectorize', 'vector'],
    ['unroll', 'unroll'],
    ['parallel', 'parallel'],
  ] as const) {
    if (named(kind) !== '') words.push(`${word} ${named(kind)}`);
  }
  return words.length === 0 ? 'plain' : words.join(', ');
}
