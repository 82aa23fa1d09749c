// Constant-velocity Kalman filter of one coordinate. The four coordinates of a box (centre, width, height) have diagonal noise and
// nothing in common in SORT (Bewley and others 2016) and its heirs, so that their filter of 8 states is exactly four of 2.

/** What is known of a coordinate: its estimate, and how uncertain that is. */
export interface Axis {
  /** In pixels. */
  readonly position: number;
  /** In pixels per second. */
  readonly velocity: number;
  /** Variance of the position, its covariance with the velocity, and variance of the velocity. */
  readonly positionVariance: number;
  readonly covariance: number;
  readonly velocityVariance: number;
}

/** How fast certainty is lost. Random walks grow with time, so that the filter does not depend on the frame rate. */
export interface ProcessNoise {
  /** Variance that the position gains in a second, in square pixels: people sway, detectors too. */
  readonly positionDrift: number;
  /** Variance that the velocity gains in a second, in (pixels / second)². */
  readonly velocityDrift: number;
}

/** A coordinate seen once, at rest as far as anyone knows. */
export function startAxis(position: number, positionVariance: number, velocityVariance: number): Axis {
  return { position, velocity: 0, positionVariance, covariance: 0, velocityVariance };
}

/** The coordinate `seconds` later: the integral of white acceleration over that time, which makes two steps equal one long one. */
export function predictAxis(axis: Axis, seconds: number, { positionDrift, velocityDrift }: ProcessNoise): Axis {
  const { position, velocity, positionVariance, covariance, velocityVariance } = axis;
  return {
    position: position + velocity * seconds,
    velocity,
    positionVariance:
      positionVariance +
      seconds * (2 * covariance + positionDrift) +
      seconds ** 2 * velocityVariance +
      (seconds ** 3 * velocityDrift) / 3,
    covariance: covariance + seconds * velocityVariance + (seconds ** 2 * velocityDrift) / 2,
    velocityVariance: velocityVariance + seconds * velocityDrift,
  };
}

/** The coordinate after it was measured with an error of `variance` square pixels, which is above 0. */
export function correctAxis(axis: Axis, measured: number, variance: number): Axis {
  const { position, velocity, positionVariance, covariance, velocityVariance } = axis;
  const total = positionVariance + variance;
  const surprise = (measured - position) / total;
  return {
    position: position + positionVariance * surprise,
    velocity: velocity + covariance * surprise,
    positionVariance: (positionVariance * variance) / total,
    covariance: (covariance * variance) / total,
    velocityVariance: velocityVariance - (covariance * covariance) / total,
  };
}
