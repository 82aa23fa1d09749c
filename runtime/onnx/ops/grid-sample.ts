// GridSample and RoiAlign: reading between the pixels of an image.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const gridSample: Importers = { GridSample: importGridSample, RoiAlign: importRoiAlign };

/** Opset 16 says bilinear and bicubic, 20 linear and cubic, which holds for volumes as well. */
function importGridSample(call: OnnxCall): Value {
  const mode = call.choice('mode', ['bilinear', 'linear', 'nearest', 'bicubic', 'cubic'], 'bilinear');
  return call.emit('grid-sample', [call.input(0), call.input(1)], {
    mode: mode.replace(/^bi/, ''),
    padding: call.choice('padding_mode', ['zeros', 'border', 'reflection'], 'zeros'),
    alignCorners: call.flag('align_corners', false),
  });
}

/** Without a fixed count of samples it depends on the size of each region, which a module with static loops cannot have. */
function importRoiAlign(call: OnnxCall): Value {
  const samples = call.number('sampling_ratio', 0);
  if (samples === 0)
    throw call.invalid('sampling_ratio 0, as many samples as a region has pixels, is not supported; give a number');
  const mode = call.choice('mode', ['avg', 'max'], 'avg');
  const usual = call.opset < 16 ? 'output_half_pixel' : 'half_pixel';
  return call.emit('roi-align', [call.input(0), call.input(1), call.input(2)], {
    mode: mode === 'avg' ? 'average' : 'max',
    height: call.number('output_height', 1),
    width: call.number('output_width', 1),
    samples,
    scale: call.number('spatial_scale', 1),
    halfPixel: call.choice('coordinate_transformation_mode', ['half_pixel', 'output_half_pixel'], usual) === 'half_pixel',
  });
}
