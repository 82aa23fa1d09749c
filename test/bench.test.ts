// The arithmetic of benchmarks and the text of their tables. Times are not tested: they are for the one who measures.

import { parseCounts, parseFlags } from './bench/support/arguments.js';
import { compete } from './bench/support/contest.js';
import { benchModels, selectModels } from './bench/support/models.js';
import { printMeans, printSpeedHeader, printSpeedRow, type SpeedRow, speedMeans } from './bench/support/speed.js';
import { geometricMean, median, percentile, relativeError } from './bench/support/statistics.js';
import { printMs } from './bench/support/table.js';

const row: SpeedRow = {
  model: 'yolov8n_640_fp32deq',
  threads: 2,
  onbox_median_ms: 123.456,
  onbox_min_ms: 0.01234,
  onnxruntime_median_ms: 61.728,
  onnxruntime_min_ms: 1234.5,
  ratio_of_medians: 0.5,
  ratio_of_minima: 2,
  max_relative_error: 1.26e-6,
  compile_s: 12.34,
  compile_peak_rss_mb: 345.6,
  arena_mb: 7.891,
};

test('the median is the middle value, or the mean of the two middle ones, whatever the order', () => {
  expect(median([9, 1, 2])).toBe(2);
  expect(median([10, 2, 1, 4])).toBe(3);
  expect(() => median([])).toThrow('no values');
});

test('a percentile is a value that was measured', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect([0, 0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([1, 50, 99, 100]);
});

test('twice as fast and half as fast make a geometric mean of 1', () => {
  expect(geometricMean([2, 0.5])).toBeCloseTo(1, 12);
  expect(geometricMean([1, 10, 100])).toBeCloseTo(10, 10);
});

test('errors are relative to the largest magnitude that was wanted', () => {
  expect(relativeError([1, -7.5], [1, -8])).toBe(1 / 16);
  expect(relativeError([0, 0.25], [0, 0])).toBe(0.25);
});

test('what is not finite is equal or infinitely wrong', () => {
  expect(relativeError([Number.NaN, Number.POSITIVE_INFINITY, 1], [Number.NaN, Number.POSITIVE_INFINITY, 1])).toBe(0);
  expect(relativeError([Number.NaN], [1])).toBe(Number.POSITIVE_INFINITY);
  expect(relativeError([1], [Number.NEGATIVE_INFINITY])).toBe(Number.POSITIVE_INFINITY);
  expect(relativeError([1], [1, 2])).toBe(Number.POSITIVE_INFINITY);
});

test('milliseconds have three significant digits', () => {
  expect([0.01234, 0.5, 1, 12.34, 123.4, 1234.5].map(printMs)).toEqual(['0.0123', '0.500', '1.00', '12.3', '123', '1235']);
});

test('a row stands below its header', () => {
  expect(`${printSpeedHeader()}\n${printSpeedRow(row)}`).toBe(
    [
      'model                 threads  onbox ms     min  ort ms     min  ratio  of min    error  compile s  peak MB  arena MB',
      '--------------------  -------  --------  ------  ------  ------  -----  ------  -------  ---------  -------  --------',
      'yolov8n_640_fp32deq         2       123  0.0123    61.7    1235   0.50    2.00   1.3e-6       12.3      346      7.89',
    ].join('\n'),
  );
});

test('means are taken for each count of threads', () => {
  const rows = [row, { ...row, ratio_of_medians: 2 }, { ...row, threads: 1, ratio_of_medians: 3 }];
  expect(printMeans(speedMeans(rows))).toBe(
    'geometric mean of 1 models, 1 thread: ratio of medians 3.000, of minima 2.000\n' +
      'geometric mean of 2 models, 2 threads: ratio of medians 1.000, of minima 2.000',
  );
  expect(printMeans(speedMeans([]))).toBe('nothing was measured');
});

test('the sides take turns, change the order each round, and the warm-up is not recorded', async () => {
  const order: string[] = [];
  const runner = (name: string) => async () => {
    order.push(name);
  };
  const { a, b } = await compete(runner('a'), runner('b'), { rounds: 2, turnMs: 0, turnRuns: 1 });
  expect([a.length, b.length]).toEqual([2, 2]);
  // Each turn is one run that is not timed and one that is.
  expect(order.join('')).toBe('bbaa' + 'aabb' + 'bbaa');
});

test('models are chosen by name, and a wrong name is answered with the right ones', () => {
  const models = benchModels();
  expect(selectModels(models, []).length).toBe(models.length);
  expect(selectModels(models, ['vgg16', 'mnist']).map(({ name }) => name)).toEqual(['mnist', 'vgg16']);
  expect(() => selectModels(models, ['vgg61'])).toThrow(/no model "vgg61"; there are: mnist, .*vgg16/);
});

test('flags that do not exist and counts that are none are refused', () => {
  expect(parseFlags(['--threads', '1,2'], ['threads'])).toEqual({ threads: '1,2' });
  expect(() => parseFlags(['--thread', '1'], ['threads'])).toThrow('the flags are: --threads');
  expect(parseCounts('threads', '1,2', 8)).toEqual([1, 2]);
  for (const text of ['', '0', '1,', '9', '1.5', '-1']) expect(() => parseCounts('threads', text, 8)).toThrow('from 1 to 8');
});
