import { arange, type Tensor, tensor, zeros } from "@medssl/torch";
import { Draws } from "../augment/draws.ts";
import type { Views } from "../data/views.ts";

/** Views of images of one projection, whose places are counted in the image; for tests. */
export function plainViews(images: Tensor, boxes: Tensor, viewsPerImage: 1 | 2): Views {
  const count = images.size(0) / viewsPerImage;
  return {
    images,
    boxes,
    places: {
      frames: tensor([[0, 0, 1, 1]]).expand([count, 4]),
      kinds: zeros([count]),
      heights: zeros([count, 2]),
      areAlike: true,
    },
    imageNumbers: arange(0, count),
    draws: new Draws(count, "cpu"),
  };
}
