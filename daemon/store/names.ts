// Names of models. A name becomes a folder, a part of a URL and a label of a metric, so it is kept to what is safe in all three.

import { OnboxError } from '../../runtime/index.js';
import { printFact } from '../log.js';

const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Names that routes of other protocols need: /v2/models/stats is a statistics route of KServe. */
const reservedNames: ReadonlySet<string> = new Set(['stats']);

/**
 * Returns `name` if a model may bear it.
 * @throws OnboxError `name-invalid`
 */
export function requireModelName(name: string): string {
  if (!namePattern.test(name)) {
    throw new OnboxError(
      `a model's name is 1 to 64 of a-z, 0-9, ".", "_", "-" and starts with a letter or digit, got ${printFact(name.slice(0, 80))}`,
      { code: 'name-invalid' },
    );
  }
  if (reservedNames.has(name)) {
    throw new OnboxError(`the name "${name}" is reserved`, { code: 'name-invalid' });
  }
  return name;
}

/** A valid name made from a file name: `YOLOv8n 640.onnx` becomes `yolov8n-640`. */
export function nameFromFile(file: string): string {
  const stem = file.replace(/^.*[/\\]/, '').replace(/\.onnx$/i, '');
  const name = stem
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64);
  return requireModelName(name);
}
