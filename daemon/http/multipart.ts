// The field "image" of a multipart form. Clients differ: some send no part type, an empty file name, text fields before or
// after the file; all that is accepted and not believed.

import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import { OnboxError } from '../../runtime/index.js';

/** Far above what any client of ours sends, far below what would hurt. */
const limits = { fieldNameSize: 100, fieldSize: 1024, fields: 20, files: 2, parts: 20, headerPairs: 20, headerSize: 16 * 1024 };

/**
 * @param body the whole form
 * @param contentType the request's header, which names the boundary
 * @returns the bytes of the one part named "image"
 * @throws OnboxError `form-invalid`, `form-too-large`, `image-missing`
 */
export async function readImageField(body: Uint8Array, contentType: string): Promise<Uint8Array> {
  const images: Buffer[] = [];
  await parseForm(body, contentType, (name, bytes) => {
    if (name === 'image') images.push(bytes);
  });
  const [image] = images;
  if (image === undefined) throw new OnboxError('the form has no field "image"', { code: 'image-missing' });
  if (images.length > 1) throw invalid('the form has more than one field "image"');
  if (image.byteLength === 0) throw new OnboxError('the field "image" is empty', { code: 'image-missing' });
  return image;
}

/**
 * Reads a form to its end.
 * @param onFile told each part that is a file, or is named "image"
 * @param onField told each other part
 * @throws OnboxError `form-invalid`, `form-too-large`
 */
export function parseForm(
  body: Uint8Array,
  contentType: string,
  onFile: (name: string, bytes: Buffer) => void,
  onField: (name: string, text: string) => void = () => undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let form: Busboy;
    try {
      // A part named "image" is the picture even where the client gave it no file name.
      const isPartAFile = (name: string | undefined, _type: string | undefined, file: string | undefined): boolean =>
        name === 'image' || file !== undefined;
      form = new Busboy({ headers: { 'content-type': contentType }, limits, isPartAFile });
    } catch (cause) {
      reject(invalid('the form names no boundary', cause));
      return;
    }
    const refuseSize = (): void => reject(new OnboxError('the form has too many parts', { code: 'form-too-large' }));
    form.on('file', (name: string, stream: BusboyFileStream) => {
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('error', (cause: unknown) => reject(invalid('a part of the form is cut', cause)));
      stream.on('end', () => onFile(name, pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)));
    });
    form.on('field', (name: string, text: string) => onField(name, text));
    form.on('partsLimit', refuseSize).on('filesLimit', refuseSize).on('fieldsLimit', refuseSize);
    form.on('error', (cause: unknown) => reject(invalid('the form is malformed', cause)));
    form.on('finish', () => resolve());
    form.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  });
}

function invalid(message: string, cause?: unknown): OnboxError {
  return new OnboxError(message, { code: 'form-invalid', cause });
}
