/**
 * The order in which images are seen: every image once an epoch, in seeded order, without end.
 *
 * The state is a few numbers, so that a resumed run goes on with the very image that was next.
 */
import { Random, type RandomState } from "@medssl/datasets";

export interface SamplerState {
  /** Generator state before the running epoch was shuffled. */
  readonly random: RandomState;
  /** Images of the running epoch that were handed out. */
  readonly position: number;
}

export class Sampler {
  readonly #count: number;
  readonly #random: Random;
  #epochStart: RandomState;
  #order: number[] = [];
  #position = 0;

  /** @param count Number of images. */
  constructor(count: number, seed: number) {
    this.#count = count;
    this.#random = new Random(seed, count);
    this.#epochStart = this.#random.state;
    this.#shuffle();
  }

  #shuffle(): void {
    this.#epochStart = this.#random.state;
    this.#order = this.#random.shuffle(Array.from({ length: this.#count }, (_, i) => i));
    this.#position = 0;
  }

  /** The next `size` images; a batch goes across the border of two epochs. */
  next(size: number): number[] {
    return Array.from({ length: size }, () => {
      if (this.#position === this.#count) this.#shuffle();
      return this.#order[this.#position++]!;
    });
  }

  get state(): SamplerState {
    return { random: this.#epochStart, position: this.#position };
  }

  set state({ random, position }: SamplerState) {
    this.#random.state = random;
    this.#shuffle();
    this.#position = position;
  }
}
