// Bytes in shared memory: they arrive as they were, whatever else comes and goes meanwhile.

import fc from 'fast-check';
import { SharedBytes, type Stored, unpack } from '../../daemon/engine/shared-bytes.js';

const shared = new SharedBytes();

afterAll(() => shared.close());

/** Bytes that tell which they are. */
function bytesOf(seed: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed) & 255);
}

test('a value arrives with all its bytes, of which the small ones never left it', () => {
  const value = {
    kind: 'x',
    large: bytesOf(1, 50_000),
    list: [{ name: 'a', bytes: bytesOf(2, 20_000) }, { bytes: bytesOf(3, 10) }],
  };
  const { packed, places } = shared.pack(value);
  if (shared.fd === undefined) {
    expect(packed).toEqual(value);
    return;
  }
  expect(places.map(({ length }) => length)).toEqual([50_000, 20_000]);
  expect(packed.list[1]?.bytes).toBe(value.list[1]?.bytes);
  const arrived = unpack<typeof value>(packed, shared.fd);
  expect(Buffer.from(arrived.large).equals(value.large)).toBe(true);
  expect(Buffer.from(arrived.list[0]?.bytes ?? []).equals(value.list[0]?.bytes ?? new Uint8Array())).toBe(true);
  shared.free(places);
});

test('places are given again when they are free, and never while they are not', () => {
  const fd = shared.fd;
  if (fd === undefined) return;
  const sizes = fc.array(fc.tuple(fc.integer({ min: 16_384, max: 60_000 }), fc.nat(5)), { maxLength: 30 });
  fc.assert(
    fc.property(sizes, (steps) => {
      const open: { seed: number; packed: { bytes: Uint8Array | Stored }; places: readonly Stored[]; length: number }[] = [];
      steps.forEach(([length, oldest], seed) => {
        open.push({ seed, length, ...shared.pack({ bytes: bytesOf(seed, length) }) });
        const [ended] = oldest < open.length && oldest > 1 ? open.splice(oldest, 1) : [];
        if (ended !== undefined) shared.free(ended.places);
      });
      for (const { seed, length, packed, places } of open) {
        expect(Buffer.from(unpack<{ bytes: Uint8Array }>(packed, fd).bytes).equals(bytesOf(seed, length))).toBe(true);
        shared.free(places);
      }
    }),
    { numRuns: 20 },
  );
});
