// Boosted trees: they learn what a table of samples shows, and say the mean where it shows nothing.

import { Model } from '../../runtime/schedule/model.js';

/** Numbers of 0..1 that look random, the same every time. */
function generator(): () => number {
  let state = 7;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function sampled(count: number, truth: (x: readonly number[]) => number) {
  const random = generator();
  const samples = Array.from({ length: count }, () => [random() * 8, random() * 8, random()]);
  return { samples, targets: samples.map(truth) };
}

test('without samples the answer is 0, with one it is that one', () => {
  expect(Model.learn([], []).predict([1, 2])).toBe(0);
  expect(Model.learn([[1, 2]], [0.5]).predict([9, 9])).toBe(0.5);
});

test('steps and products of features are learned: most of the variance of unseen samples is explained', () => {
  const truth = ([a = 0, b = 0]: readonly number[]) => (a > 3 ? 1 : 0) + (a > 3 && b > 5 ? 2 : 0) + b * 0.1;
  const { samples, targets } = sampled(800, truth);
  const model = Model.learn(samples.slice(0, 400), targets.slice(0, 400));
  const mean = targets.reduce((sum, value) => sum + value, 0) / targets.length;
  let [left, all] = [0, 0];
  for (let i = 400; i < 800; i++) {
    left += (model.predict(samples[i] ?? []) - (targets[i] ?? 0)) ** 2;
    all += (mean - (targets[i] ?? 0)) ** 2;
  }
  expect(left / all).toBeLessThan(0.05);
});

test('a feature that never changes and a target that never changes are no trouble', () => {
  const samples = Array.from({ length: 50 }, (_, i) => [1, i]);
  const model = Model.learn(
    samples,
    samples.map(() => 3),
  );
  expect(model.predict([1, 25])).toBeCloseTo(3);
});

test('the same samples make the same model', () => {
  const { samples, targets } = sampled(100, ([a = 0]) => Math.sin(a));
  const [one, other] = [Model.learn(samples, targets), Model.learn(samples, targets)];
  expect(samples.map((sample) => one.predict(sample))).toEqual(samples.map((sample) => other.predict(sample)));
});

test('no answer is outside of what was seen by more than the shrinkage allows', () => {
  const { samples, targets } = sampled(200, ([a = 0, b = 0]) => a * b);
  const model = Model.learn(samples, targets);
  const [least, most] = [Math.min(...targets), Math.max(...targets)];
  for (const far of [-1e9, 1e9]) {
    expect(model.predict([far, far, far])).toBeGreaterThan(least - (most - least));
    expect(model.predict([far, far, far])).toBeLessThan(most + (most - least));
  }
});
