import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { UNetPlan } from "@medssl/contract";
import { manualSeed, noGrad, randint, randn, scope, type Tensor } from "@medssl/torch";
import { countParameters, loadStateDict, namedParameters } from "../nn/module.ts";
import { segmentationLoss } from "../objectives/segmentation-loss.ts";
import { assertClose, readFixture } from "../testing/parity.ts";
import { PlannedUNet } from "./planned-unet.ts";

const tiny: UNetPlan = { channels: [4, 8, 12, 12], strides: [1, 2, 2, 2], convsPerStage: 2, upsampling: "transposed" };

/** Our name of a weight of PlainConvUNet's; undefined for its coarsest classifier, which we leave out. */
function ownName(name: string, numStages: number): string | undefined {
  const level = (fromCoarsest: string) => numStages - 2 - Number(fromCoarsest);
  if (name === "decoder.seg_layers.0.weight" || name === "decoder.seg_layers.0.bias") return undefined;
  return name
    .replace(/^encoder\.stages\.(\d+)\.0\.convs/, "encoder_stages.$1")
    .replace(/^decoder\.stages\.(\d+)\.convs/, (_, i) => `decoder_stages.${level(i)}`)
    .replace(/^decoder\.transpconvs\.(\d+)/, (_, i) => `ups.${level(i)}`)
    .replace(/^decoder\.seg_layers\.(\d+)/, (_, i) => `classifiers.${level(i)}`);
}

test("with PlainConvUNet's weights, the logits of each level are PlainConvUNet's", () => {
  noGrad(() =>
    scope(() => {
      const fixture = readFixture("nnunet");
      const network = new PlannedUNet({ plan: tiny, numClasses: 2, isDeeplySupervised: true });
      const weights = [...fixture].flatMap(([key, value]): [string, Tensor][] => {
        if (!key.startsWith("weights.")) return [];
        const name = ownName(key.slice("weights.".length), tiny.channels.length);
        return name === undefined ? [] : [[name, value]];
      });
      loadStateDict(network, new Map(weights));
      const levels = network.forwardLevels(fixture.get("images")!);
      assert.equal(levels.length, 2);
      for (const [i, logits] of levels.entries()) assertClose(logits, fixture.get(`level.${i}`)!, `level ${i}`);
      assertClose(network.forward(fixture.get("images")!), levels[0]!, "forward");
    }),
  );
});

interface TheirPlan {
  readonly name: string;
  readonly structures: number;
  readonly channels: number[];
  readonly strides: [number, number][];
  readonly parameters: number;
}

const plans: readonly TheirPlan[] = JSON.parse(
  readFileSync(new URL("../fixtures/nnunet-plans.json", import.meta.url), "utf8"),
);

test("of nnU-Net's plan for X-rays it has nnU-Net's number of weights, but for the classifier without a loss", () => {
  scope(() => {
    const { channels, strides, structures, parameters } = plans.find(({ name }) => name === "X-rays of 320")!;
    const plan = {
      channels,
      strides: strides.map(([rows]) => rows),
      convsPerStage: 2,
      upsampling: "transposed",
    } as const;
    const network = new PlannedUNet({ plan, numClasses: structures, isDeeplySupervised: true });
    const coarsest = (channels.at(-2)! + 1) * (structures + 1);
    assert.equal(countParameters(network), parameters - coarsest);
  });
});

for (const upsampling of ["transposed", "bilinear"] as const) {
  test(`${upsampling}: any size works, and a gradient reaches every parameter`, () => {
    manualSeed(0);
    scope(() => {
      const plan = { ...tiny, upsampling };
      const network = new PlannedUNet({ plan, numClasses: 2, isDeeplySupervised: true, channels: 3 });
      const levels = network.forwardLevels(randn([2, 3, 37, 50]));
      assert.deepEqual(
        levels.map(({ shape }) => shape),
        [
          [2, 3, 37, 50],
          [2, 3, 19, 25],
        ],
      );
      segmentationLoss(levels, randint(0, 3, [2, 37, 50]), { deepSupervision: 0.5 }).loss.backward();
      for (const [name, { grad }] of namedParameters(network)) {
        // A bias in front of instance norm shifts what the norm shifts back.
        if (/stages.*conv\.bias$/.test(name)) continue;
        assert.ok(grad !== undefined && grad.abs().sum().item() > 0, name);
      }
    });
  });
}

test("without deep supervision there is the finest classifier alone", () => {
  scope(() => {
    const network = new PlannedUNet({ plan: tiny, numClasses: 1 });
    assert.equal(network.forwardLevels(randn([1, 1, 16, 16])).length, 1);
  });
});
