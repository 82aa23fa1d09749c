// Why a step cannot be applied. Thrown inside this room only; apply.ts turns it into a reason.

export class Illegal extends Error {}

/** @throws Illegal with the reason if `condition` does not hold */
export function demand(condition: unknown, reason: string): asserts condition {
  if (!condition) throw new Illegal(reason);
}
