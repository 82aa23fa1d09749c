// The filter of one coordinate against the matrices of the textbook, and its independence of the frame rate.

import fc from 'fast-check';
import { type Axis, correctAxis, predictAxis, startAxis } from '../../runtime/track/kalman.js';

const noise = { positionDrift: 0.5, velocityDrift: 2 };

const axes: fc.Arbitrary<Axis> = fc
  .record({
    position: fc.double({ min: -100, max: 100, noNaN: true }),
    velocity: fc.double({ min: -10, max: 10, noNaN: true }),
    positionDeviation: fc.double({ min: 0.1, max: 10, noNaN: true }),
    velocityDeviation: fc.double({ min: 0.1, max: 10, noNaN: true }),
    correlation: fc.double({ min: -0.9, max: 0.9, noNaN: true }),
  })
  .map(({ position, velocity, positionDeviation, velocityDeviation, correlation }) => ({
    position,
    velocity,
    positionVariance: positionDeviation ** 2,
    covariance: correlation * positionDeviation * velocityDeviation,
    velocityVariance: velocityDeviation ** 2,
  }));

function valuesOf({ position, velocity, positionVariance, covariance, velocityVariance }: Axis): readonly number[] {
  return [position, velocity, positionVariance, covariance, velocityVariance];
}

function expectClose(got: Axis, want: readonly number[]): void {
  valuesOf(got).forEach((value, index) => {
    const expected = want[index] as number;
    expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(expected)));
  });
}

/** P of an axis as a 2x2 matrix, row-major. */
function covarianceOf(axis: Axis): [number, number, number, number] {
  return [axis.positionVariance, axis.covariance, axis.covariance, axis.velocityVariance];
}

test('a prediction is F x and F P F^T + Q', () => {
  fc.assert(
    fc.property(axes, fc.double({ min: 0.001, max: 2, noNaN: true }), (axis, t) => {
      const [a, b, c, d] = covarianceOf(axis);
      // F = [1 t; 0 1]
      const [fa, fb] = [a + t * c, b + t * d];
      expectClose(predictAxis(axis, t, noise), [
        axis.position + t * axis.velocity,
        axis.velocity,
        fa + t * fb + (2 * t ** 3) / 3 + 0.5 * t,
        fb + (2 * t ** 2) / 2,
        d + 2 * t,
      ]);
    }),
  );
});

test('a correction is x + K y and (I - K H) P', () => {
  fc.assert(
    fc.property(axes, fc.double({ min: -100, max: 100, noNaN: true }), (axis, measured) => {
      const [a, b, c, d] = covarianceOf(axis);
      const [k1, k2] = [a / (a + 3), c / (a + 3)];
      const y = measured - axis.position;
      expectClose(correctAxis(axis, measured, 3), [
        axis.position + k1 * y,
        axis.velocity + k2 * y,
        (1 - k1) * a,
        (1 - k1) * b,
        d - k2 * b,
      ]);
    }),
  );
});

test('two steps are one step of their length: dropped frames change nothing', () => {
  fc.assert(
    fc.property(axes, (axis) => {
      expectClose(predictAxis(predictAxis(axis, 0.1, noise), 0.3, noise), valuesOf(predictAxis(axis, 0.4, noise)));
    }),
  );
});

test('what moves evenly is soon predicted to a tenth of a pixel', () => {
  let axis = startAxis(0, 1, 1e4);
  for (let frame = 1; frame <= 20; frame++) axis = correctAxis(predictAxis(axis, 0.04, noise), 3 * frame, 1);
  expect(predictAxis(axis, 0.04, noise).position).toBeCloseTo(63, 1);
});
