// Locals of one name may come to stand in one block, where a main part and its tail were side by side. Each gets a name of its own.

import type { Program, Statement } from '../loop/program.js';
import { mapBlock, visitStatements } from '../loop/statement.js';

/** The same program, in which no local has the name of another that is in scope; the very same where that held already. */
export function withDistinctLocals(program: Program): Program {
  const names = new Set(program.buffers.map((buffer) => buffer.name));
  const scope = new Set(names);
  visitStatements(program.body, (statement) => {
    if (statement.kind === 'local') names.add(statement.buffer.name);
  });
  const body = distinct(program.body, scope, names);
  return body === program.body ? program : { ...program, body };
}

/**
 * @param scope names that are declared around the block
 * @param names all names of the program, to which the new ones are added
 */
function distinct(block: readonly Statement[], scope: ReadonlySet<string>, names: Set<string>): readonly Statement[] {
  const declared = new Set(scope);
  const done: Statement[] = [];
  let rest = block;
  for (let i = 0; i < block.length; i++) {
    const statement = rest[i] as Statement;
    if (statement.kind === 'local') {
      const { name } = statement.buffer;
      const own = declared.has(name) ? freshName(name, names) : name;
      if (own !== name) rest = rename(rest, i, name, own);
      declared.add(own);
      done.push(rest[i] as Statement);
    } else if (statement.kind === 'for' || statement.kind === 'if') {
      const body = distinct(statement.body, declared, names);
      done.push(body === statement.body ? statement : { ...statement, body });
    } else {
      done.push(statement);
    }
  }
  return done.every((statement, i) => statement === block[i]) ? block : done;
}

function freshName(name: string, names: Set<string>): string {
  let fresh = `${name}b`;
  while (names.has(fresh)) fresh += 'b';
  names.add(fresh);
  return fresh;
}

/** Renames a local from statement `first` of a block on. */
function rename(block: readonly Statement[], first: number, from: string, to: string): readonly Statement[] {
  const loads = mapBlock(block.slice(first), {
    load: (expression) => (expression.buffer === from ? { ...expression, buffer: to } : expression),
  });
  return [...block.slice(0, first), ...renameStores(loads, from, to)];
}

function renameStores(block: readonly Statement[], from: string, to: string): readonly Statement[] {
  return block.map((statement): Statement => {
    if (statement.kind === 'local') {
      return statement.buffer.name === from ? { kind: 'local', buffer: { ...statement.buffer, name: to } } : statement;
    }
    if (statement.kind === 'store') return statement.buffer === from ? { ...statement, buffer: to } : statement;
    return { ...statement, body: renameStores(statement.body, from, to) };
  });
}
