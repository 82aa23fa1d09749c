// Rfactor: the iterations of a reduction's loop fold into accumulators of their own, which makes that loop a space loop that can be a
// vector; at the end the accumulators are folded together.

import { constant, variable } from '../loop/affine.js';
import { load, number } from '../loop/expression.js';
import { buffersOf } from '../loop/flat.js';
import { identityOf, type Loop, type Program, type Statement, type Store } from '../loop/program.js';
import { storesOf } from '../loop/statement.js';
import { demand } from './illegal.js';

export function rfactor(program: Program, name: string): Program {
  const known = [...buffersOf(program).keys()].filter((local) => /^f\d+$/.test(local)).length;
  let count = 0;
  const inBlock = (block: readonly Statement[]): readonly Statement[] =>
    block.flatMap((statement): readonly Statement[] => {
      if (statement.kind === 'if') return [{ ...statement, body: inBlock(statement.body) }];
      if (statement.kind !== 'for') return [statement];
      if (statement.axis === 'space' || !contains(statement, name)) return [{ ...statement, body: inBlock(statement.body) }];
      count++;
      return factor(statement, name, `f${known + count}`);
    });
  const body = inBlock(program.body);
  demand(count > 0, `there is no reduction over ${name}`);
  return { ...program, body };
}

function contains(loop: Loop, name: string): boolean {
  return loop.name === name || loop.body.some((inner) => inner.kind === 'for' && contains(inner, name));
}

/** `outermost` is the outermost loop of the reduction that `name` belongs to. */
function factor(outermost: Loop, name: string, local: string): readonly Statement[] {
  const stores = storesOf([outermost]).filter((store) => store.combine !== undefined);
  const [store, ...others] = stores;
  demand(store?.combine !== undefined && others.length === 0, `the reduction over ${name} folds into ${stores.length} places`);
  demand(
    store.index.every((at) => at.terms.length === 0),
    `the reduction over ${name} folds into an array: rfactor before sink`,
  );
  const { combine } = store;
  const { inner, extent } = asSpace([outermost], name, store, local);
  const lane = variable(name, extent);
  const buffer = { name: local, role: 'local', dtype: store.value.dtype, shape: [extent] } as const;
  const folded = `${name}r`;
  return [
    { kind: 'local', buffer },
    {
      kind: 'for',
      name,
      extent,
      axis: 'space',
      mode: 'serial',
      body: [{ kind: 'store', buffer: local, index: [lane], value: number(identityOf(combine), buffer.dtype) }],
    },
    ...inner,
    {
      kind: 'for',
      name: folded,
      extent,
      axis: 'reduce',
      mode: 'serial',
      body: [{ ...store, value: load(local, buffer.dtype, [variable(folded, extent)]) }],
    },
  ];
}

function asSpace(
  block: readonly Statement[],
  name: string,
  store: Store,
  local: string,
): { inner: readonly Statement[]; extent: number } {
  let extent = 1;
  const walk = (statements: readonly Statement[]): readonly Statement[] =>
    statements.map((statement): Statement => {
      if (statement === store) return { ...store, buffer: local, index: [extent === 1 ? constant(0) : variable(name, extent)] };
      if (statement.kind === 'if') return { ...statement, body: walk(statement.body) };
      if (statement.kind !== 'for') return statement;
      if (statement.name !== name) return { ...statement, body: walk(statement.body) };
      extent = statement.extent;
      return { ...statement, axis: 'space', body: walk(statement.body) };
    });
  return { inner: walk(block), extent };
}
