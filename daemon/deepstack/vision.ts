// POST /v1/vision/detection, /scene and /custom/MODEL: the form is read whole, then the key is checked, then the picture decoded.

import type { IncomingMessage } from 'node:http';
import { type Request, type Response, Router } from 'express';
import { detectDefaults, errorCode, OnboxError } from '../../runtime/index.js';
import type { Wait } from '../engine/engine.js';
import type { MemoryBudget } from '../http/budget.js';
import { refuseMethod } from '../http/errors.js';
import { whileConnected } from '../http/infer.js';
import type { Keys } from '../http/keys.js';
import type { Service } from '../service.js';
import { readForm, type VisionForm } from './form.js';
import { requireFormKey } from './key.js';
import type { DeepstackOptions } from './options.js';
import { minConfidenceOf, moduleFacts, predictionsAnswer } from './predictions.js';

export interface VisionParts {
  readonly service: Service;
  /** The memory that the body of a request is taken from. */
  budgetFor(request: IncomingMessage): MemoryBudget;
  readonly keys: Keys | undefined;
  readonly options: DeepstackOptions;
}

export function visionRoutes(parts: VisionParts): Router {
  const { service, options } = parts;
  const router = Router({ caseSensitive: true, strict: true });

  async function detect(
    command: 'detect' | 'custom',
    model: string | undefined,
    image: Uint8Array,
    form: VisionForm,
    wait: Wait,
  ) {
    const start = performance.now();
    const max = options.predictionsMax;
    const wanted = { ...detectDefaults, minConfidence: minConfidenceOf(form.fields.get('min_confidence')), max };
    const answer = await service.detect(model, image, wanted, wait);
    return predictionsAnswer(answer, command, max, performance.now() - start);
  }

  router
    .route('/v1/vision/detection')
    .post(async (request, response) => {
      await answerForm(parts, request, response, (image, form, wait) =>
        detect('detect', undefined, image, form, wait).catch(inactive('detection-inactive')),
      );
    })
    .all(refuseMethod(['POST']));
  router
    .route('/v1/vision/custom/:model')
    .post(async (request, response) => {
      const model = request.params.model.toLowerCase();
      await answerForm(parts, request, response, async (image, form, wait) => {
        try {
          return await detect('custom', model, image, form, wait);
        } catch (error) {
          if (errorCode(error) !== 'model-missing' || !options.aliases.has(model)) throw error;
          return await detect('custom', undefined, image, form, wait);
        }
      });
    })
    .all(refuseMethod(['POST']));
  router
    .route('/v1/vision/scene')
    .post(async (request, response) => {
      await answerForm(parts, request, response, async (image, _form, wait) => {
        const start = performance.now();
        const answer = await service.classify(undefined, image, { top: 1 }, wait).catch(inactive('scene-inactive'));
        const [best] = answer.classes;
        const facts = moduleFacts(answer.ms, 'scene', performance.now() - start);
        return { success: true, label: best?.label ?? '', confidence: best?.confidence ?? 0, ...facts };
      });
    })
    .all(refuseMethod(['POST']));
  router.all(['/v1/vision/face', '/v1/vision/face/*path'], () => {
    throw new OnboxError('onbox recognises no faces', { code: 'face-inactive' });
  });
  return router;
}

async function answerForm(
  { budgetFor, keys }: VisionParts,
  request: Request,
  response: Response,
  run: (image: Uint8Array, form: VisionForm, wait: Wait) => Promise<object>,
): Promise<void> {
  const { form, release } = await readForm(request, budgetFor(request));
  try {
    requireFormKey(request, form, 'api_key', keys);
    const { image } = form;
    if (image === undefined) throw new OnboxError('the form has no picture', { code: 'image-missing' });
    await whileConnected(response, (wait) => run(image, form, wait));
  } finally {
    release();
  }
}

/** Without any model of the task the endpoint is off, in DeepStack's terms. */
function inactive(code: string): (error: unknown) => never {
  return (error) => {
    if (errorCode(error) !== 'model-missing') throw error;
    throw new OnboxError('no model of the task is installed', { code, cause: error });
  };
}
