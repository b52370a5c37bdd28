/**
 * The order in which images are seen: without weights every image once an epoch, in seeded order, without end.
 *
 * Weights  of groups of images: each image drawn is of a group chosen by its weight, and is that group's next in its own
 *          seeded order.
 * State    a few numbers, so that a resumed run goes on with the very image that was next.
 */
import { Random, type RandomState } from "@medssl/datasets";

/** Images that are drawn together. */
export interface SampledGroup {
  /** Positions in the set. */
  readonly members: readonly number[];
  /** Share of the draws, beside the other groups' weights. */
  readonly weight: number;
}

interface OrderState {
  /** Generator state before the running epoch was shuffled. */
  readonly random: RandomState;
  /** Images of the running epoch that were handed out. */
  readonly position: number;
}

export interface SamplerState {
  readonly groups: readonly OrderState[];
  /** Of the choice among groups. */
  readonly choice: RandomState;
}

export class Sampler {
  readonly #orders: readonly ShuffledOrder[];
  /** Ends of the groups' parts of [0, 1). */
  readonly #ends: readonly number[];
  readonly #choice: Random;

  /** @param groups Or the number of images, for all alike. */
  constructor(groups: number | readonly SampledGroup[], seed: number) {
    const list =
      typeof groups === "number" ? [{ members: Array.from({ length: groups }, (_, i) => i), weight: 1 }] : groups;
    const total = list.reduce((sum, { weight }) => sum + weight, 0);
    let end = 0;
    this.#ends = list.map(({ weight }) => {
      end += weight / total;
      return end;
    });
    this.#orders = list.map(({ members }, i) => new ShuffledOrder(members, new Random(seed, members.length, i)));
    this.#choice = new Random(seed, list.length, -1);
  }

  /** The next `size` images; a batch goes across the border of two epochs. */
  next(size: number): number[] {
    return Array.from({ length: size }, () => this.#order().next());
  }

  #order(): ShuffledOrder {
    if (this.#orders.length === 1) return this.#orders[0]!;
    const at = this.#choice.next();
    const chosen = this.#ends.findIndex((end) => at < end);
    return this.#orders.at(chosen)!; // -1, by rounding, is the last
  }

  get state(): SamplerState {
    return { groups: this.#orders.map(({ state }) => state), choice: this.#choice.state };
  }

  set state({ groups, choice }: SamplerState) {
    for (const [i, order] of this.#orders.entries()) order.state = groups[i]!;
    this.#choice.state = choice;
  }
}

/** Every member once an epoch, in an order that is new each epoch. */
class ShuffledOrder {
  readonly #members: readonly number[];
  readonly #random: Random;
  #epochStart: RandomState;
  #order: number[] = [];
  #position = 0;

  constructor(members: readonly number[], random: Random) {
    this.#members = members;
    this.#random = random;
    this.#epochStart = random.state;
    this.#shuffle();
  }

  #shuffle(): void {
    this.#epochStart = this.#random.state;
    this.#order = this.#random.shuffle([...this.#members]);
    this.#position = 0;
  }

  next(): number {
    if (this.#position === this.#order.length) this.#shuffle();
    return this.#order[this.#position++]!;
  }

  get state(): OrderState {
    return { random: this.#epochStart, position: this.#position };
  }

  set state({ random, position }: OrderState) {
    this.#random.state = random;
    this.#shuffle();
    this.#position = position;
  }
}
