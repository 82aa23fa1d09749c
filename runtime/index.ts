// The only door of runtime/ for daemon/: re-exports, and nothing else. Importing it loads no native code; that comes
// with the first picture decoded and the first module opened.

export { errorCode, errorMessage, OnboxError } from './core/error.js';
export { type Dtype, elementCount, printType, type Shape, type Tensor, type TensorType } from './core/tensor.js';
export type { HeadSpec, ImageInput, KernelInfo, Manifest, ModuleInput, ModuleOutput, SelfCheck, Task, VisionSpec } from './module/manifest.js';
export { decodePicture, encodePng, type Picture } from './vision/image.js';
