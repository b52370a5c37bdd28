/**
 * Random numbers for the samples of a batch.
 *
 * Shares   where several processes share a batch, each draws for all of its samples and keeps its own: whoever computes a
 *          sample, it gets the same numbers, so that two processes do what one would have done.
 * Shapes   the first axis is the samples; with several views of a sample, the first views of all, then the second.
 */
import { type Device, rand, scope, type Tensor } from "@medssl/torch";

/** Which part of a batch is computed here: `index` of `of` equal parts. */
export interface Share {
  readonly index: number;
  readonly of: number;
}

export const WHOLE: Share = { index: 0, of: 1 };

export class Draws {
  /** Samples here. */
  readonly count: number;
  readonly device: Device;
  readonly #share: Share;

  constructor(count: number, device: Device, share: Share = WHOLE) {
    this.count = count;
    this.device = device;
    this.#share = share;
  }

  /** Uniform on [0, 1): [count, ...shape]. */
  unit(...shape: readonly number[]): Tensor {
    const { index, of } = this.#share;
    return scope(() => {
      const all = rand([this.count * of, ...shape], { device: this.device });
      return of === 1 ? all : all.slice(0, index * this.count, (index + 1) * this.count).contiguous();
    });
  }

  /** Uniform on [low, high): [count, ...shape]. */
  between(low: number, high: number, ...shape: readonly number[]): Tensor {
    return scope(() =>
      this.unit(...shape)
        .mul(high - low)
        .add(low),
    );
  }

  /** Of the standard normal distribution: [count, ...shape]. Source  Box & Muller (1958). */
  normal(...shape: readonly number[]): Tensor {
    return scope(() => {
      const radius = this.unit(...shape)
        .neg()
        .log1p()
        .mul(-2)
        .sqrt();
      return radius.mul(this.between(0, 2 * Math.PI, ...shape).cos());
    });
  }

  /** The same for `views` views of each sample: [views * count, ...shape]. */
  ofViews(views: number): Draws {
    return views === 1 ? this : new ViewDraws(this, views);
  }
}

class ViewDraws extends Draws {
  readonly #samples: Draws;
  readonly #views: number;

  constructor(samples: Draws, views: number) {
    super(samples.count * views, samples.device);
    this.#samples = samples;
    this.#views = views;
  }

  override unit(...shape: readonly number[]): Tensor {
    return scope(() =>
      this.#samples
        .unit(this.#views, ...shape)
        .transpose(0, 1)
        .flatten(0, 1),
    );
  }
}
