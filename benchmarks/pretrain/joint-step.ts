/**
 * The joint step beside a step of masked image modelling alone, on as many crops: two views of half as many images.
 *
 * Both are what `pretrain` does behind its loader, through the same functions: loss, backward, clipping, update.
 */
import { type PretrainRecipe, parseRecipe, pretrainSchema } from "@medssl/contract";
import {
  AdamW,
  ALONE,
  createObjective,
  Draws,
  decayGroups,
  gradientClip,
  moveModule,
  namedParameters,
  type PretrainingObjective,
} from "@medssl/learn";
import {
  autocast,
  cat,
  type Device,
  hasFastBfloat16,
  manualSeed,
  ones,
  rand,
  randn,
  scope,
  type Tensor,
  zeros,
} from "@medssl/torch";

interface Side {
  readonly objective: PretrainingObjective;
  readonly optimizer: AdamW;
  /** Images of a step. */
  readonly count: number;
}

export class JointStep {
  readonly device: Device;
  readonly #recipe: PretrainRecipe;
  readonly #sides: Readonly<Record<"mim" | "mim+acl", Side>>;
  /** [crops, 1, S, S] */
  readonly #images: Tensor;
  /** [crops, 4] */
  readonly #boxes: Tensor;

  constructor(given: object, device: Device) {
    this.device = device;
    this.#recipe = parseRecipe(pretrainSchema, given);
    const { batchSize, inputSize, weightDecay } = this.#recipe;
    manualSeed(0);
    const side = (method: "mim" | "mim+acl", count: number): Side => {
      const objective = moveModule(createObjective({ ...this.#recipe, method }), device);
      return {
        objective,
        optimizer: new AdamW(decayGroups(namedParameters(objective), weightDecay), { betas: [0.9, 0.95] }),
        count,
      };
    };
    this.#sides = { mim: side("mim", batchSize), "mim+acl": side("mim+acl", batchSize / 2) };
    this.#images = randn([batchSize, 1, inputSize, inputSize], { device });
    const corner = rand([batchSize, 2], { device }).mul(0.4);
    this.#boxes = cat([corner, corner.add(0.6)], 1);
  }

  step(method: "mim" | "mim+acl"): void {
    const { objective, optimizer, count } = this.#sides[method];
    const { device } = this;
    const { learningRate, gradientClipNorm, precision } = this.#recipe;
    const isLow = precision === "bfloat16" || (precision === "auto" && hasFastBfloat16(device));
    scope(() => {
      const views = {
        images: this.#images,
        boxes: this.#boxes,
        places: {
          frames: cat([zeros([count, 2], { device }), ones([count, 2], { device })], 1),
          kinds: zeros([count], { device }),
          heights: zeros([count, 2], { device }),
          areAlike: true,
        },
        imageNumbers: zeros([count], { device }),
        draws: new Draws(count, device),
      };
      const forward = () => objective.loss(views, 1000, ALONE);
      const { loss } = isLow ? autocast({ device }, forward) : forward();
      loss.backward();
      optimizer.step(learningRate, gradientClip(optimizer.parameters, gradientClipNorm));
    });
  }
}
