// The traps of DeepStack's clients: order, count and whole pixels of the predictions.

import type { DetectAnswer } from '../../daemon/api/types.js';
import { predictionsAnswer } from '../../daemon/deepstack/predictions.js';

type Box = DetectAnswer['objects'][number]['box'];

function answerOf(confidences: readonly number[], box: Box = [1, 1, 2, 2]): DetectAnswer {
  return {
    model: 'finder',
    version: 1,
    image: { width: 100, height: 50 },
    objects: confidences.map((confidence, index) => ({ label: `l${index}`, class: index, confidence, box })),
    ms: { decode: 1, queue: 1, infer: 1, post: 1 },
  };
}

test('predictions come most confident first: Frigate stops at the first weak one', () => {
  const { predictions } = predictionsAnswer(answerOf([0.3, 0.9, 0.5]), 'detect', 20, 1);
  expect(predictions.map(({ confidence }) => confidence)).toEqual([0.9, 0.5, 0.3]);
});

test('there are never more than the cap: Frigate writes into 20 rows unchecked', () => {
  const answer = predictionsAnswer(answerOf(new Array(300).fill(0.5)), 'detect', 20, 1);
  expect([answer.predictions.length, answer.count]).toEqual([20, 20]);
});

test('boxes are whole pixels inside of the picture', () => {
  const { predictions } = predictionsAnswer(answerOf([1], [-3.2, 0.5, 100.4, 49.6]), 'detect', 20, 1);
  expect(predictions[0]).toMatchObject({ x_min: 0, y_min: 1, x_max: 100, y_max: 50 });
});

test('the message names up to three labels', () => {
  const message = (count: number) => predictionsAnswer(answerOf(new Array(count).fill(0.5)), 'detect', 20, 1).message;
  expect([message(0), message(1), message(3), message(4)]).toEqual([
    'No objects found',
    'Found l0',
    'Found l0, l1, l2',
    'Found l0, l1, l2...',
  ]);
});
