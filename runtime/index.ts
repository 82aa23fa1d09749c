// The only door of runtime/ for daemon/: re-exports, and nothing else. Importing it loads no native code; that comes
// with the first picture decoded and the first module opened.

export { errorCode, errorMessage, OnboxError } from './core/error.js';
export {
  type Dtype,
  elementCount,
  printType,
  type Shape,
  type Tensor,
  type TensorType,
  tensorOf,
  viewBytes,
} from './core/tensor.js';
export { type CpuDevice, describeCpu } from './device/cpu.js';
export { type OpenclReport, type ProbedDevice, probeOpencl } from './device/opencl-probe.js';
export { findCompiler } from './device/toolchain.js';
export { widenTensor } from './graph/passes/widen-halves.js';
export { errorOf } from './module/compare.js';
export type { CompileProgress, CompileReport, CompileTarget } from './module/compile.js';
export { type ConformanceReport, type ConformanceResult, runConformance } from './module/conformance.js';
export {
  compilerVersion,
  type HeadSpec,
  type ImageInput,
  type KernelInfo,
  type Manifest,
  type ModuleInput,
  type ModuleOutput,
  type Pixels,
  type Precision,
  type PrecisionReport,
  precisions,
  type SelfCheck,
  type Task,
  type VisionSpec,
} from './module/manifest.js';
export type { PlaceReport, PlaceWish } from './module/placement.js';
export { type Profile, type ProfiledLaunch, profileSession } from './module/profile.js';
export { readModule } from './module/read.js';
export { type OpenOptions, openSession, type Session } from './module/session.js';
export { compareSpeeds, type Speed } from './module/speed.js';
export type { TunedLayer, TuneProgress, TuneReport } from './module/tune.js';
export { type UnsupportedOperator, unsupported } from './onnx/import.js';
export type { OnnxModel, OnnxValue } from './onnx/model.js';
export { readModel, readTensor, writeTensor } from './onnx/read.js';
export { isOfConvolution, type RecordLine, Records, readRecords } from './schedule/records.js';
export type { Point } from './track/geometry.js';
export { checkScene, type Line, type Scene, sceneLimits, type Zone } from './track/scene.js';
export { createTracker, type TrackedObject, type Tracker, type TrackName, type TrackUpdate } from './track/tracker.js';
export {
  createWatcher,
  type Direction,
  type LineCounts,
  type TrackEvent,
  type WatchedObject,
  type Watcher,
  type WatchResult,
  type ZoneCounts,
} from './track/zones.js';
export { type DetectedObject, type DetectOptions, detectDefaults } from './vision/boxes.js';
export { type ClassifiedClass, type ClassifyOptions, classifyDefaults } from './vision/classes.js';
export { type CompileFileOptions, compileFile } from './vision/compile.js';
export { drawObjects, paintObjects } from './vision/draw.js';
export { decodePicture, type Picture, type PictureSource, sniffFormat } from './vision/image.js';
export { parseLabels } from './vision/labels.js';
export { fitPicture } from './vision/letterbox.js';
export { openModel, type VisionModel, visionModel } from './vision/model.js';
export { overlap } from './vision/nms.js';
export { mergeOverrides, type Overrides, readSidecar, sidecarPath } from './vision/sidecar.js';
export { type TuneFileOptions, tuneFile } from './vision/tune.js';
export { understand } from './vision/understand.js';
