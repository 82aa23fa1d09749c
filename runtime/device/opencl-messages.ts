// What the probe of OpenCL and its children say to each other. A child answers one question.

import type { OpenclPlatform } from '../../addon/index.js';
import type { OpenclDevice } from './opencl.js';

export type ToProber =
  | { readonly kind: 'list'; readonly libraries: readonly string[] }
  | { readonly kind: 'test'; readonly device: OpenclDevice };

export type FromProber =
  | { readonly kind: 'platforms'; readonly platforms: readonly OpenclPlatform[] }
  /** `wrong` says what the device computes wrongly. */
  | { readonly kind: 'tested'; readonly wrong: string | undefined }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };
