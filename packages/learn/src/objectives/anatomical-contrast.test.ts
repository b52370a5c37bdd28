import assert from "node:assert/strict";
import { test } from "node:test";
import { arange, autocast, manualSeed, rand, randn, randperm, scope, type Tensor, tensor, zeros } from "@medssl/torch";
import type { ImagePlaces } from "../data/views.ts";
import { assertClose, readFixture } from "../testing/parity.ts";
import { type ContrastSettings, contrastLoss } from "./anatomical-contrast.ts";
import {
  correlatedKeepIndices,
  findPairs,
  meanPatch,
  patchCenters,
  placesOfView,
  type ViewPlaces,
} from "./anatomical-places.ts";
import type { GridSize } from "./masking.ts";
import { ALONE } from "./ranks.ts";

interface View extends ViewPlaces {
  readonly embeddings: Tensor;
}

/** Images of one projection, whose places are counted in the image. */
const alike = (count: number): ImagePlaces => ({
  frames: whole(count),
  kinds: zeros([count]),
  heights: zeros([count, 2]),
  areAlike: true,
});
const sideOf = (view: View, places: ImagePlaces, gridSize: GridSize) => ({
  ...placesOfView(view, places.frames, gridSize),
  embeddings: view.embeddings,
  isPresent: undefined,
});

/** Of two views as crops see them. */
function contrast(first: View, second: View, gridSize: GridSize, changes: Partial<ContrastSettings> = {}) {
  const places = alike(first.boxes.size(0));
  const [a, b] = [first, second].map((view) => sideOf(view, places, gridSize)) as [ReturnType<typeof sideOf>, never];
  const unit = meanPatch(first.boxes, second.boxes, gridSize);
  return contrastLoss(a, b, places, unit, { ...settings, ...changes }, ALONE);
}

function pairsOf(first: ViewPlaces, second: ViewPlaces, gridSize: GridSize, changes: Partial<ContrastSettings> = {}) {
  const places = alike(first.boxes.size(0));
  const [a, b] = [first, second].map((view) => placesOfView(view, places.frames, gridSize)) as [
    ReturnType<typeof placesOfView>,
    ReturnType<typeof placesOfView>,
  ];
  const rules = {
    ...settings,
    ...changes,
    unit: meanPatch(first.boxes, second.boxes, gridSize),
    isSoft: false,
    offset: 0,
  };
  const others = { ...places, anatomy: b.anatomy, isPresent: undefined };
  return findPairs({ ...a, isPresent: undefined }, b.centers, places, others, rules);
}

test("pairs, loss and gradients are those of the loops in make-parity.py", () => {
  scope(() => {
    const fixture = readFixture("contrast");
    const view = (name: string) => ({
      embeddings: fixture.get(`${name}.embeddings`)!.clone().setRequiresGrad(),
      boxes: fixture.get(`${name}.boxes`)!,
      keepIndices: fixture.get(`${name}.keep_indices`)!,
    });
    const [first, second] = [view("first"), view("second")];
    const { isPositive, isNegative } = pairsOf(first, second, [4, 4], { ignoreRadius: 1 });
    const { loss, health } = contrast(first, second, [4, 4], { ignoreRadius: 1 });
    const count = (pairs: Tensor) => pairs.sum().item();
    assert.deepEqual([health.anchors.item(), count(isPositive), count(isNegative)], fixture.get("counts")!.toNested());
    assertClose(loss, fixture.get("loss")!, "loss");
    loss.backward();
    assertClose(first.embeddings.grad!, fixture.get("first.gradient")!, "gradient of the first view");
    assertClose(second.embeddings.grad!, fixture.get("second.gradient")!, "gradient of the second view");
  });
});

const settings: ContrastSettings = {
  temperature: 0.2,
  ignoreRadius: 2,
  otherImageDistance: 0.3,
  loss: "infonce",
  otherImages: "ignored",
  softWeight: 0.2,
};
const whole = (count: number) => tensor(Array.from({ length: count }, () => [0, 0, 1, 1]));
const allPatches = (images: number, patches: number) => arange(0, patches).unsqueeze(0).expand([images, -1]);
const table = (pairs: Tensor) => pairs.toNested() as number[][];
const blocks = (pairs: Tensor) => pairs.toNested() as number[][][];

test("the centres of a crop's patches are in the image's coordinates", () => {
  scope(() => {
    const centers = patchCenters(tensor([[0.5, 0, 1, 0.5]]), [2, 2]).toNested();
    assert.deepEqual(centers, [
      [
        [0.625, 0.125],
        [0.875, 0.125],
        [0.625, 0.375],
        [0.875, 0.375],
      ],
    ]);
  });
});

test("of two equal views, a patch's positive is itself and near patches are no negatives", () => {
  scope(() => {
    const view = { boxes: whole(1), keepIndices: allPatches(1, 64) };
    const pairs = pairsOf(view, view, [8, 8]);
    const [isPositive, isNegative] = [blocks(pairs.isPositive)[0]!, table(pairs.isNegative)];
    for (let row = 0; row < 64; row++) {
      for (let column = 0; column < 64; column++) {
        const apart = Math.max(Math.abs((row % 8) - (column % 8)), Math.abs((row >> 3) - (column >> 3)));
        if (apart === 2) continue; // on the rim, where rounding decides
        assert.equal(isPositive[row]![column] === 1, apart === 0, `${row} ${column}`);
        assert.equal(isNegative[row]![column] === 1, apart > 2, `${row} ${column}`);
      }
    }
  });
});

test("another image's patch is never a positive, and a negative only far away", () => {
  scope(() => {
    const view = { boxes: whole(2), keepIndices: allPatches(2, 16) }; // patches are 0.25 apart
    const pairs = pairsOf(view, view, [4, 4]);
    assert.deepEqual(pairs.isPositive.shape, [2, 16, 16], "positives are pairs of one image");
    const isNegative = table(pairs.isNegative);
    for (let patch = 0; patch < 16; patch++) assert.equal(isNegative[patch]![16 + patch], 0, "the same place");
    assert.equal(isNegative[0]![16 + 1], 0, "0.25 apart");
    assert.equal(isNegative[0]![16 + 2], 1, "0.5 apart");
    assert.equal(isNegative[0]![16 + 8], 1, "0.5 apart, down");
    assert.equal(isNegative[16 + 15]![0], 1, "from corner to corner");
  });
});

test("half a patch is measured in the mean of both views' patches", () => {
  scope(() => {
    const keepIndices = tensor([[0]], { dtype: "int64" });
    // Patches of 0.25 and 0.125: mean 0.1875, half of it 0.09375. Centres at 0.125 and at 0.0625 + shift.
    const near = (shift: number) => {
      const first = { boxes: whole(1), keepIndices };
      const second = { boxes: tensor([[shift, shift, 0.5 + shift, 0.5 + shift]]), keepIndices };
      return pairsOf(first, second, [4, 4]).isPositive.item() === 1;
    };
    assert.ok(near(0.15), "0.0875 apart");
    assert.ok(!near(0.16), "0.0975 apart");
  });
});

test("of several positives the most similar counts, ignored pairs do not", () => {
  scope(() => {
    // One image; the second view is zoomed in on the first view's patch 0 and shows it as four patches.
    const first = { boxes: whole(1), keepIndices: tensor([[0, 12, 15]], { dtype: "int64" }) };
    const second = { boxes: tensor([[0.02, 0.02, 0.42, 0.42]]), keepIndices: tensor([[0, 5, 15]], { dtype: "int64" }) };
    const { isPositive, isNegative } = pairsOf(first, second, [4, 4]);
    assert.deepEqual(isPositive.toNested(), [
      [
        [1, 1, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
    ]);
    assert.deepEqual(isNegative.toNested(), [
      [0, 0, 0],
      [1, 1, 1],
      [1, 1, 1],
    ]);
    const unit = (...degrees: number[]) =>
      tensor([degrees.map((d) => [Math.cos((d * Math.PI) / 180), Math.sin((d * Math.PI) / 180)])]);
    const a = { ...first, embeddings: unit(0, 90, 90).setRequiresGrad() };
    const b = { ...second, embeddings: unit(60, 30, 0).setRequiresGrad() };
    const { loss, health } = contrast(a, b, [4, 4]);
    assert.equal(health.anchors.item(), 1);
    assert.ok(Math.abs(health.positiveSimilarity.item() - Math.cos(Math.PI / 6)) < 1e-6);
    // Forth: the anchor has no negatives and costs 0. Back: patches 0 and 5 against the first view's 12 and 15.
    const cos = (degrees: number) => Math.cos((degrees * Math.PI) / 180) / 0.2;
    const back = (Math.log1p(2 * Math.exp(cos(30) - cos(60))) + Math.log1p(2 * Math.exp(cos(60) - cos(30)))) / 2;
    assert.ok(Math.abs(loss.item() - back / 2) < 1e-5, `${loss.item()} ${back / 2}`);
  });
});

test("without an anchor the loss is 0 and moves nothing", () => {
  scope(() => {
    const view = (box: number[]) => ({
      boxes: tensor([box]),
      keepIndices: tensor([[0, 1]], { dtype: "int64" }),
      embeddings: randn([1, 2, 4]).setRequiresGrad(),
    });
    const [first, second] = [view([0, 0, 0.4, 0.4]), view([0.6, 0.6, 1, 1])];
    const { loss, health } = contrast(first, second, [4, 4]);
    assert.equal(loss.item(), 0);
    assert.equal(health.anchors.item(), 0);
    assert.equal(health.top1.item(), 0);
    loss.backward();
    assert.deepEqual(first.embeddings.grad!.toNested(), [
      [
        [0, 0, 0, 0],
        [0, 0, 0, 0],
      ],
    ]);
  });
});

test("the same place of another patient is not pushed away, however alike it looks", () => {
  scope(() => {
    // Two images, one patch each at the same place: there is no negative at all.
    const view = () => ({
      boxes: whole(2),
      keepIndices: tensor([[5], [5]], { dtype: "int64" }),
      embeddings: tensor([[[1, 0]], [[1, 0.1]]]).setRequiresGrad(),
    });
    const [first, second] = [view(), view()];
    const { loss, health } = contrast(first, second, [4, 4]);
    assert.equal(health.anchors.item(), 2);
    assert.equal(loss.item(), 0);
    loss.backward();
    assert.equal(first.embeddings.grad!.abs().sum().item(), 0);
  });
});

test("the second view keeps the first one's places first", () => {
  scope(() => {
    const firstKeep = tensor(
      [
        [0, 9, 18, 27],
        [36, 45, 54, 63],
      ],
      { dtype: "int64" },
    );
    const same = correlatedKeepIndices(firstKeep, whole(2), whole(2), [8, 8], rand([2, 64])).toNested() as number[][];
    assert.deepEqual(
      same.map((row) => row.toSorted((a, b) => a - b)),
      firstKeep.toNested(),
    );
    // A view of the lower right half sees none of the upper left: random patches fill up.
    const lower = tensor([
      [0.5, 0.5, 1, 1],
      [0.5, 0.5, 1, 1],
    ]);
    const other = correlatedKeepIndices(firstKeep, whole(2), lower, [8, 8], rand([2, 64])).toNested() as number[][];
    assert.ok(other.every((row) => new Set(row).size === 4));
  });
});

test("contrast is computed in float32 in a run of lower precision too", () => {
  manualSeed(3);
  scope(() => {
    const keepIndices = randperm(16).slice(0, 0, 8).expand([2, 8]);
    const view = (): View => ({ boxes: whole(2), keepIndices, embeddings: randn([2, 8, 16]) });
    const [first, second] = [view(), view()];
    const values = () => {
      const { loss, health } = contrast(first, second, [4, 4]);
      return [loss.item(), ...Object.values(health).map((tensor) => tensor.item())];
    };
    assert.deepEqual(autocast({ dtype: "bfloat16" }, values), values());
  });
});
