// Split, fuse and reorder: steps on perfect nests.

import { add, quotient, remainder, scale, variable } from '../loop/affine.js';
import type { Condition, Loop, Program, Statement } from '../loop/program.js';
import { branch, substituteBlock } from '../loop/statement.js';
import { demand } from './illegal.js';
import { loopAround, replaceLoops, requireFresh } from './rewrite.js';

export function split(
  program: Program,
  {
    loop,
    factor,
    outer,
    inner,
  }: { readonly loop: string; readonly factor: number; readonly outer: string; readonly inner: string },
): Program {
  demand(Number.isInteger(factor) && factor > 0, `split wants a positive whole factor, got ${factor}`);
  requireFresh(program, outer);
  requireFresh(program, inner);
  demand(outer !== inner, `split of ${loop} wants two names, got ${outer} twice`);
  return replaceLoops(program, loop, (found) => splitLoop(found, factor, outer, inner));
}

function splitLoop(loop: Loop, factor: number, outer: string, inner: string): readonly Statement[] {
  requireMovable(loop);
  const outerExtent = Math.ceil(loop.extent / factor);
  const innerExtent = Math.min(factor, loop.extent);
  const index = add(scale(variable(outer, outerExtent), factor), variable(inner, innerExtent));
  const body = branch([{ index, low: 0, high: loop.extent }], substituteBlock(loop.body, new Map([[loop.name, index]])));
  return loopAround(
    { ...loop, name: outer, extent: outerExtent },
    loopAround({ ...loop, name: inner, extent: innerExtent }, body),
  );
}

export function fuse(
  program: Program,
  { outer, inner, name }: { readonly outer: string; readonly inner: string; readonly name: string },
): Program {
  requireFresh(program, name);
  return replaceLoops(program, outer, (found) => {
    const [nested, ...rest] = found.body;
    const direct = nested?.kind === 'for' && nested.name === inner && rest.length === 0 ? nested : undefined;
    demand(direct !== undefined, `${inner} is not all that stands in ${outer}`);
    demand(direct.axis === found.axis, `${outer} is a ${found.axis} loop, ${inner} a ${direct.axis} loop`);
    const extent = found.extent * direct.extent;
    const index = variable(name, extent);
    const replace = new Map([
      [outer, quotient(index, direct.extent)],
      [inner, remainder(index, direct.extent)],
    ]);
    return [{ ...found, name, extent, body: substituteBlock(direct.body, replace) }];
  });
}

export function reorder(program: Program, names: readonly string[]): Program {
  demand(new Set(names).size === names.length && names.length > 1, 'reorder wants two or more different loops');
  const first = outermost(program.body, new Set(names));
  demand(first !== undefined, `there is no loop ${names.join(' or ')}`);
  return replaceLoops(program, first, (loop) => reorderNest(loop, names));
}

function outermost(block: readonly Statement[], names: ReadonlySet<string>): string | undefined {
  for (const statement of block) {
    if (statement.kind === 'for' && names.has(statement.name)) return statement.name;
    const inside = statement.kind === 'for' || statement.kind === 'if' ? outermost(statement.body, names) : undefined;
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** A parallel loop has to stay outermost and a vector innermost: modes come last. */
function requireMovable({ name, mode }: Loop): void {
  demand(mode === 'serial' || mode === 'unroll', `${name} is ${mode}: split and reorder before`);
}

/** Conditions between the loops move inside: they have no effects, and what they guard is the same. */
function reorderNest(top: Loop, names: readonly string[]): readonly Statement[] {
  const chain: Loop[] = [];
  const conditions: Condition[] = [];
  const missing = new Set(names);
  let body: readonly Statement[] = [top];
  while (missing.size > 0) {
    const [only, ...rest] = body;
    demand(only !== undefined && rest.length === 0, `${[...missing].join(', ')} and ${top.name} are not in one perfect nest`);
    demand(only.kind === 'for' || only.kind === 'if', `there is no loop ${[...missing].join(' or ')} in ${top.name}`);
    if (only.kind === 'for') {
      requireMovable(only);
      chain.push(only);
      missing.delete(only.name);
    } else {
      conditions.push(...only.conditions);
    }
    body = only.body;
  }
  const wanted = names.map((name) => chain.find((loop) => loop.name === name) as Loop);
  const order = chain.map((loop) => (names.includes(loop.name) ? (wanted.shift() as Loop) : loop));
  return order.reduceRight<readonly Statement[]>((inner, loop) => [{ ...loop, body: inner }], branch(conditions, body));
}
