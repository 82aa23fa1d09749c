// Opens a module folder as a model that looks at pictures.

import { openSession, type VisionModel, visionModel } from '../../runtime/index.js';

/** @throws OnboxError `module-damaged`, `module-foreign`, `module-stale` */
export async function openModel(folder: string, options: { readonly threads?: number }): Promise<OpenModel> {
  return visionModel(await openSession(folder, options));
}

export type OpenModel = VisionModel<Awaited<ReturnType<typeof openSession>>>;
