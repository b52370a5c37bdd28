/**
 * How near a runtime comes to libtorch: the largest difference of a logit, and the share of pixels with the same label.
 */
export class Parity {
  /** NaN where a logit is. */
  largest = 0;
  #pixels = 0;
  #same = 0;

  /** 0-1; 1 of nothing. */
  get sameLabels(): number {
    return this.#pixels === 0 ? 1 : this.#same / this.#pixels;
  }

  /** Logits of one image, [K + 1, S, S]. @param wanted Those of libtorch. @param numLabels With the background. */
  add(found: Float32Array, wanted: Float32Array, numLabels: number): void {
    this.addDifference(found, wanted);
    if (found.length !== wanted.length) return;
    const size = wanted.length / numLabels;
    const labelOf = (logits: Float32Array, pixel: number) => {
      let best = pixel;
      for (let at = pixel + size; at < logits.length; at += size) if (logits[at]! > logits[best]!) best = at;
      return best;
    };
    for (let pixel = 0; pixel < size; pixel++) if (labelOf(found, pixel) === labelOf(wanted, pixel)) this.#same++;
    this.#pixels += size;
  }

  /** Of logits of any shape. */
  addDifference(found: Float32Array, wanted: Float32Array): void {
    if (found.length !== wanted.length) this.largest = Number.NaN;
    for (let i = 0; i < wanted.length; i++) {
      const difference = Math.abs(found[i]! - wanted[i]!);
      if (!(difference <= this.largest)) this.largest = difference;
    }
  }
}
