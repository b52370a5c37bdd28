/**
 * Soft clDice: overlap of each mask with the other's centre line, which a broken thin vessel loses at once.
 *
 * Shapes   probabilities and truth [B, K, H, W] of 0-1, foreground classes only.
 * Skeleton what erosion by 3x3 minima leaves over and opening would take away, round by round: as many rounds as the largest
 *          radius in pixels.
 * Means    of one skeleton in the other's mask, over the whole batch and class by class; their harmonic mean is clDice.
 * Source   Shit et al., "clDice: a novel topology-preserving loss function for tubular structure segmentation" (CVPR 2021).
 */
import { scope, type Tensor } from "@medssl/torch";

/** Smoothing, in pixels. */
const SMOOTH = 1;

/** 1 - soft clDice, a scalar. @param iterations Rounds of thinning */
export function softClDiceLoss(probabilities: Tensor, truth: Tensor, iterations = 10): Tensor {
  return scope(() => {
    const precision = shareInside(softSkeleton(probabilities, iterations), truth);
    const sensitivity = shareInside(softSkeleton(truth, iterations), probabilities);
    const harmonic = precision.mul(sensitivity).mul(2).div(precision.add(sensitivity));
    return harmonic.mean().neg().add(1);
  });
}

function shareInside(skeleton: Tensor, mask: Tensor): Tensor {
  const pixels = [0, 2, 3];
  return scope(() => skeleton.mul(mask).sum(pixels).add(SMOOTH).div(skeleton.sum(pixels).add(SMOOTH)));
}

/** @param masks [B, K, H, W] of 0-1 @returns The same shape */
export function softSkeleton(masks: Tensor, iterations: number): Tensor {
  return scope(() => {
    let eroded = masks;
    let skeleton = eroded.sub(opened(eroded)).relu();
    for (let i = 0; i < iterations; i++) {
      eroded = erode(eroded);
      const rest = eroded.sub(opened(eroded)).relu();
      skeleton = skeleton.add(rest.sub(skeleton.mul(rest)).relu());
    }
    return skeleton;
  });
}

const opened = (masks: Tensor): Tensor => scope(() => dilate(erode(masks)));
const dilate = (masks: Tensor): Tensor => masks.maxPool2d(3, 1, 1);

/** The least of the pixel and its four neighbours. */
function erode(masks: Tensor): Tensor {
  return scope(() => {
    const least = (axis: 2 | 3) => {
      const amounts = axis === 2 ? [0, 0, 1, 1] : [1, 1, 0, 0];
      const size = masks.size(axis);
      // What lies outside of the image erodes nothing.
      const padded = masks.pad(amounts, 1);
      return padded
        .slice(axis, 0, size)
        .minimum(padded.slice(axis, 1, size + 1))
        .minimum(padded.slice(axis, 2, size + 2));
    };
    return least(2).minimum(least(3));
  });
}
