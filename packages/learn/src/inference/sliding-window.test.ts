import assert from "node:assert/strict";
import { test } from "node:test";
import { cat, manualSeed, rand, scope, type Tensor } from "@medssl/torch";
import { slideOver } from "./sliding-window.ts";

const window = { tile: 16, overlap: 0.5 };

/** Probabilities that depend on a pixel's place and neighbors, and count the tiles that were asked for. */
function countingNetwork() {
  manualSeed(1);
  const weight = rand([3, 2, 3, 3]);
  const seen = { tiles: 0 };
  const predict = (tiles: Tensor): Tensor => {
    seen.tiles += tiles.size(0);
    // Image by image, so that no result depends on what else goes through at once.
    return scope(() =>
      cat(tiles.unbind(0).map((tile) => tile.unsqueeze(0).conv2d(weight, undefined, { padding: 1 }).softmax(1))),
    );
  };
  return { predict, seen };
}

test("flat tiles are found once, and the result is the same to the bit", () => {
  scope(() => {
    manualSeed(0);
    const images = rand([2, 2, 40, 56]);
    // Air at the left of the first, and one channel of it in the second, which makes no tile flat.
    images.slice(0, 0, 1).slice(3, 0, 32).fill_(0.25);
    images.slice(0, 1, 2).slice(1, 0, 1).slice(3, 0, 32).fill_(0.25);
    const { predict, seen } = countingNetwork();
    const result = slideOver(predict, images, window, (probabilities) => probabilities);
    const total = 2 * 4 * 6;
    const flat = 4 * 3;
    assert.equal(seen.tiles, total - flat + 1);
    seen.tiles = 0;
    // A channel of noise that the network's weights are blind to makes no tile flat.
    const blind = (tiles: Tensor) => predict(tiles.slice(1, 0, 2));
    const expected = slideOver(blind, cat([images, rand([2, 1, 40, 56])], 1), window, (probabilities) => probabilities);
    assert.equal(seen.tiles, total);
    assert.equal(result.ne(expected).sum().item(), 0);
  });
});

test("of several flat values the most frequent is found once, and a tile with NaN is none", () => {
  scope(() => {
    manualSeed(0);
    const images = rand([1, 2, 16, 96]);
    images.slice(3, 0, 24).fill_(0); // two tiles
    images.slice(3, 24, 64).fill_(1); // four
    images.slice(3, 64, 96).fill_(Number.NaN);
    const { predict, seen } = countingNetwork();
    slideOver(predict, images, window, (probabilities) => probabilities);
    assert.equal(seen.tiles, 11 - 4 + 1);
  });
});
