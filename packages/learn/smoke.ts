import { parseRecipe, pretrainSchema } from "@medssl/contract";
import { manualSeed, memoryStats, rand, randint, randn, scope, setNumThreads, stack } from "@medssl/torch";
import { HybridUNet } from "./src/models/hybrid-unet.ts";
import { UNet } from "./src/models/unet.ts";
import { ViT } from "./src/models/vit.ts";
import { ViTSegmenter } from "./src/models/vit-segmenter.ts";
import { countParameters, namedParameters, stateDict } from "./src/nn/module.ts";
import { PretrainingModel, pretrainingLoss } from "./src/objectives/pretraining.ts";
import { segmentationLoss } from "./src/objectives/segmentation-loss.ts";

setNumThreads(2);
manualSeed(0);
const recipe = parseRecipe(pretrainSchema, {});
const model = new PretrainingModel(recipe);
console.log(countParameters(model));
const boxes = () => {
  const s = rand([128, 2]).mul(0.3).add(0.6);
  const o = rand([128, 2]).mul(s.neg().add(1));
  return stack([o.select(1, 0), o.select(1, 1), o.add(s).select(1, 0), o.add(s).select(1, 1)], 1);
};
for (let i = 0; i < 4; i++) {
  const t0 = performance.now();
  scope(() => {
    const x = randn([128, 1, 128, 128]);
    const { loss, parts } = pretrainingLoss(model, { images: x, boxes: boxes() }, recipe, 100);
    const t1 = performance.now();
    loss.backward();
    const t2 = performance.now();
    if (i == 3) console.log(loss.item(), Object.fromEntries(Object.entries(parts).map(([k, v]) => [k, v.item()])));
    console.log("fwd", t1 - t0, "bwd", t2 - t1);
    if (i == 0)
      console.log(
        namedParameters(model)
          .filter(([, t]) => t.grad === undefined)
          .map(([n]) => n),
      );
    for (const [, p] of namedParameters(model)) p.grad = undefined;
  });
}
const vit = () => new ViT({ ...recipe.encoder, imageSize: 128 });
const nets = {
  unet: new UNet({ numClasses: 1 }),
  vit: new ViTSegmenter(vit(), { numClasses: 1 }),
  hybrid: new HybridUNet(vit(), { numClasses: 1 }),
  hybrid8: new HybridUNet(new ViT({ ...recipe.encoder, patchSize: 8, imageSize: 128 }), { numClasses: 3 }),
  vit8: new ViTSegmenter(new ViT({ ...recipe.encoder, patchSize: 8, imageSize: 128 }), { numClasses: 3 }),
};
for (const [name, net] of Object.entries(nets)) {
  console.log(name, countParameters(net));
  for (let i = 0; i < 4; i++)
    scope(() => {
      const x = randn([8, 1, 128, 128]);
      const y = randint(0, 2, [8, 128, 128]);
      const t0 = performance.now();
      const logits = net.forward(x);
      const { loss } = segmentationLoss(logits, y);
      const t1 = performance.now();
      loss.backward();
      const t2 = performance.now();
      if (i == 0) {
        console.log(
          logits.shape,
          loss.item(),
          namedParameters(net)
            .filter(([, t]) => t.grad === undefined)
            .map(([n]) => n),
        );
      }
      console.log("  fwd", (t1 - t0).toFixed(1), "bwd", (t2 - t1).toFixed(1));
      for (const [, p] of namedParameters(net)) p.grad = undefined;
    });
}
console.log(memoryStats());
