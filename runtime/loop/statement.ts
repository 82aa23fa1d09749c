// Traversal and substitution of statements, shared by the simplifier, the schedule steps and the code generator.

import type { Affine } from './affine.js';
import {
  type ExpressionRewrite,
  indexRewrite,
  mapCondition,
  mapExpression,
  mapSame,
  simplifyConditions,
  substitution,
  visitExpressions,
  visitMeasured,
} from './expression.js';
import type { Condition, Expression, Loop, Statement, Store } from './program.js';

/** Rewrites every expression, index and condition of a block; branches that became certain are resolved. */
export function mapBlock(block: readonly Statement[], rewrite: ExpressionRewrite): readonly Statement[] {
  const mapped = block.flatMap((statement) => mapStatement(statement, rewrite));
  return mapped.length === block.length && mapped.every((statement, i) => statement === block[i]) ? block : mapped;
}

function mapStatement(statement: Statement, rewrite: ExpressionRewrite): readonly Statement[] {
  const mapIndex = indexRewrite(rewrite);
  switch (statement.kind) {
    case 'local':
      return [statement];
    case 'for': {
      const body = mapBlock(statement.body, rewrite);
      if (body === statement.body) return [statement];
      return body.length === 0 ? [] : [{ ...statement, body }];
    }
    case 'if': {
      const conditions = mapSame(statement.conditions, (condition) => mapCondition(condition, mapIndex));
      const body = mapBlock(statement.body, rewrite);
      if (conditions === statement.conditions && body === statement.body) return [statement];
      return branch(conditions, body);
    }
    case 'store': {
      const index = mapSame(statement.index, mapIndex);
      const value = mapExpression(statement.value, rewrite);
      return [index === statement.index && value === statement.value ? statement : { ...statement, index, value }];
    }
  }
}

/** The body under its conditions: nothing where one never holds, the plain body where all always do. */
export function branch(conditions: readonly Condition[], body: readonly Statement[]): readonly Statement[] {
  const open = simplifyConditions(conditions);
  if (open === undefined || body.length === 0) return [];
  return open.length === 0 ? body : [{ kind: 'if', conditions: open, body }];
}

/** Replaces loop variables by indices in a block. */
export function substituteBlock(block: readonly Statement[], replace: ReadonlyMap<string, Affine>): readonly Statement[] {
  return mapBlock(block, { index: substitution(replace) });
}

/** Calls `visit` for every statement of a block, outer before inner, with the loops around it, outermost first. */
export function visitStatements(
  block: readonly Statement[],
  visit: (statement: Statement, loops: readonly Loop[]) => void,
  loops: readonly Loop[] = [],
): void {
  for (const statement of block) {
    visit(statement, loops);
    if (statement.kind === 'for') visitStatements(statement.body, visit, [...loops, statement]);
    else if (statement.kind === 'if') visitStatements(statement.body, visit, loops);
  }
}

/** Calls `visit` for every expression of a block, inner ones too. */
export function visitBlockExpressions(
  block: readonly Statement[],
  visit: (expression: Expression, loops: readonly Loop[]) => void,
): void {
  visitStatements(block, (statement, loops) => {
    const each = (expression: Expression) => visit(expression, loops);
    if (statement.kind === 'store') {
      visitExpressions(statement.value, each);
      for (const index of statement.index) visitMeasured(index, each);
    } else if (statement.kind === 'if') {
      for (const condition of statement.conditions) visitMeasured(condition.index, each);
    }
  });
}

/** All stores of a block. */
export function storesOf(block: readonly Statement[]): Store[] {
  const stores: Store[] = [];
  visitStatements(block, (statement) => {
    if (statement.kind === 'store') stores.push(statement);
  });
  return stores;
}

/** Loops by name; loops of one name come from the same loop (a main part and its tail, copies after a distribution). */
export function findLoops(block: readonly Statement[], name: string): Loop[] {
  const found: Loop[] = [];
  visitStatements(block, (statement) => {
    if (statement.kind === 'for' && statement.name === name) found.push(statement);
  });
  return found;
}
