/**
 * What runs in the browser: Cornerstone3D shows a series with its segmentation, as a web viewer of the field would, and says
 * what it holds and what it paints.
 *
 * Held      the label maps that its adapter made of the SEG, compared with ours voxel by voxel.
 * Painted   the canvas without the segmentation and with it, pixel by pixel, but for those near an outline: inside of a segment
 *           its color lies over the plain picture, outside of all nothing does.
 */

import { adaptersSEG } from "@cornerstonejs/adapters";
import {
  Enums as CoreEnums,
  imageLoader,
  init as initCore,
  metaData,
  RenderingEngine,
  setVolumesForViewports,
  type Types,
  volumeLoader,
} from "@cornerstonejs/core";
import { init as initLoader } from "@cornerstonejs/dicom-image-loader";
import { init as initTools, segmentation, Enums as ToolEnums } from "@cornerstonejs/tools";

export interface CaseToShow {
  /** Paths of the series' files. */
  readonly images: readonly string[];
  readonly segmentation: string;
  /** Path of our labels: [images, rows, columns], in the order of `images`. */
  readonly labels: string;
  /** `stack` shows the one of `images` in the middle, `coronal` a cut through the volume that they make. */
  readonly view: "stack" | "coronal";
}

export interface Shown {
  readonly segments: readonly {
    readonly name: string;
    /** Voxels of ours, voxels that the viewer holds, and those of them at the places of ours. */
    readonly ours: number;
    readonly held: number;
    readonly same: number;
  }[];
  /** Pixels of the canvas that were looked at, those of them inside of a segment, and those that are not as they should be. */
  readonly looked: number;
  readonly inside: number;
  readonly wrong: number;
  /** Of a segment's color over the picture, 0-1. */
  readonly opacity: number;
}

declare global {
  interface Window {
    show(toShow: CaseToShow): Promise<Shown>;
  }
}

type Viewport = Types.IStackViewport | Types.IVolumeViewport;

const [viewportId, segmentationId] = ["viewport", "segmentation"];
const type = ToolEnums.SegmentationRepresentations.Labelmap;
/** Canvas pixels around a segment's outline that are not looked at: it is drawn up to 3 wide. */
const MARGIN = 4;
/** Of 255: blending on the graphics processor rounds, and the picture is interpolated there. */
const TOLERANCE = 3;

window.show = async ({ images, segmentation: path, labels: labelsPath, view }) => {
  initCore();
  initLoader({ maxWebWorkers: 1 });
  initTools();
  // Cornerstone's own provider leaves it out, OHIF's does not; the adapter finds a frame's source image by it.
  metaData.addProvider((module, imageId) => {
    if (module !== CoreEnums.MetadataModules.GENERAL_IMAGE) return undefined;
    return { sopInstanceUID: metaData.get(CoreEnums.MetadataModules.SOP_COMMON, imageId).sopInstanceUID };
  });
  // From the last slice to the first: each frame's image has to be found, not counted.
  const imageIds = images.map((image) => `wadouri:${location.origin}/${image}`).reverse();
  await Promise.all(imageIds.map((imageId) => imageLoader.loadAndCacheImage(imageId)));
  const labels = backwards(new Uint8Array(await bytesOf(labelsPath)), images.length);
  const { labelMapImages, segMetadata } = await adaptersSEG.Cornerstone3D.Segmentation.createFromDICOMSegBuffer(
    imageIds,
    await bytesOf(path),
    { metadataProvider: metaData },
  );
  const held: readonly Types.IImage[] = labelMapImages[0];
  const viewport = await openViewport(imageIds, view);
  const plain = await settledCanvas(viewport);
  await addSegmentation(held.map(({ imageId }) => imageId));
  const painted = await settledCanvas(viewport, plain);
  const names: string[] = segMetadata.data.slice(1).map((segment: { SegmentLabel: string }) => segment.SegmentLabel);
  return {
    segments: names.map((name, i) => ({ name, ...compareHeld(held, labels, i + 1) })),
    ...comparePainted(plain, painted, labelsOnCanvas(viewport, imageIds, labels)),
  };
};

async function bytesOf(path: string): Promise<ArrayBuffer> {
  const response = await fetch(`/${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.arrayBuffer();
}

function backwards(labels: Uint8Array, numSlices: number): Uint8Array {
  const size = labels.length / numSlices;
  return Uint8Array.from(labels, (_, i) => labels[(numSlices - 1 - Math.floor(i / size)) * size + (i % size)]!);
}

async function openViewport(imageIds: string[], view: CaseToShow["view"]): Promise<Viewport> {
  const engine = new RenderingEngine("engine");
  const { ViewportType, OrientationAxis } = CoreEnums;
  engine.enableElement({
    viewportId,
    type: view === "stack" ? ViewportType.STACK : ViewportType.ORTHOGRAPHIC,
    element: document.querySelector("div")!,
    ...(view === "stack" ? {} : { defaultOptions: { orientation: OrientationAxis.CORONAL } }),
  });
  if (view === "stack") {
    const viewport = engine.getViewport<Types.IStackViewport>(viewportId);
    await viewport.setStack(imageIds, Math.floor(imageIds.length / 2));
    viewport.render();
    return viewport;
  }
  // It sorts the list that it is given.
  const volume = await volumeLoader.createAndCacheVolume("volume", { imageIds: [...imageIds] });
  volume.load();
  await setVolumesForViewports(engine, [{ volumeId: "volume" }], [viewportId]);
  const viewport = engine.getViewport<Types.IVolumeViewport>(viewportId);
  viewport.render();
  return viewport;
}

async function addSegmentation(imageIds: string[]): Promise<void> {
  segmentation.addSegmentations([{ segmentationId, representation: { type, data: { imageIds } } }]);
  await segmentation.addSegmentationRepresentations(viewportId, [{ segmentationId, type }]);
}

/** The canvas's pixels once they do not change any more; where `before` is given, once they differ from it. */
async function settledCanvas({ canvas }: Viewport, before?: ImageData): Promise<ImageData> {
  let [last, alike] = [before, 0];
  for (let round = 0; alike < 4; round++) {
    if (round === 100) throw new Error(`The canvas ${alike ? "goes on changing" : "does not change"} after 15 s.`);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const now = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    const isBlank = now.data.every((value, i) => value === (i % 4 === 3 ? now.data[3] : now.data[0]));
    alike = isBlank || (before && isSame(now, before)) || !last || !isSame(now, last) ? 0 : alike + 1;
    last = now;
  }
  return last!;
}

const isSame = (a: ImageData, b: ImageData) => a.data.every((value, i) => value === b.data[i]);

function compareHeld(held: readonly Types.IImage[], labels: Uint8Array, segment: number) {
  const counts = { ours: 0, held: 0, same: 0 };
  held.forEach((image, slice) => {
    const pixels = image.voxelManager!.getScalarData();
    for (let i = 0; i < pixels.length; i++) {
      const isOurs = labels[slice * pixels.length + i] === segment;
      const isHeld = pixels[i] === segment;
      counts.ours += Number(isOurs);
      counts.held += Number(isHeld);
      counts.same += Number(isOurs && isHeld);
    }
  });
  return counts;
}

/** What our label map has under each pixel of the canvas; 255 outside of the picture. */
function labelsOnCanvas(viewport: Viewport, imageIds: readonly string[], labels: Uint8Array): Uint8Array {
  const { width, height } = viewport.canvas;
  const imageData = viewport.getImageData()!.imageData;
  const [columns, rows, slices] = imageData.getDimensions();
  // A volume sorts its images.
  const order =
    slices === 1
      ? [imageIds.indexOf(viewport.getCurrentImageId()!)]
      : (viewport as Types.IVolumeViewport).getImageIds().map((imageId) => imageIds.indexOf(imageId));
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const world = viewport.canvasToWorld([(at % width) + 0.5, Math.floor(at / width) + 0.5]);
    const [x, y, z] = imageData.worldToIndex(world).map(Math.round) as [number, number, number];
    if (x < 0 || y < 0 || z < 0 || x >= columns || y >= rows || z >= slices) return 255;
    return labels[(order[z]! * rows + y) * columns + x]!;
  });
}

/** The opacity is the one that fits best: the viewer's own differs between its kinds of viewport. */
function comparePainted(plain: ImageData, painted: ImageData, labels: Uint8Array) {
  const colors = [1, 2, 3, 4].map((label) =>
    segmentation.config.color.getSegmentIndexColor(viewportId, segmentationId, label),
  );
  const looked = indicesAwayFromOutlines(labels, plain.width);
  const isInside = (at: number) => labels[at] !== 0 && labels[at] !== 255;
  const inside = looked.filter(isInside);
  /** How far a channel's value is from the plain picture's, and how far the segment's color is. */
  const steps = (at: number) =>
    [0, 1, 2].map((channel) => {
      const ground = plain.data[4 * at + channel]!;
      const full = isInside(at) ? colors[labels[at]! - 1]![channel]! - ground : 0;
      return [painted.data[4 * at + channel]! - ground, full] as const;
    });
  let [product, square] = [0, 0];
  for (const [step, full] of inside.flatMap(steps)) {
    product += step * full;
    square += full * full;
  }
  const opacity = product / square;
  const wrong = looked.filter((at) => steps(at).some(([step, full]) => Math.abs(step - opacity * full) > TOLERANCE));
  return { looked: looked.length, inside: inside.length, opacity, wrong: wrong.length };
}

function indicesAwayFromOutlines(labels: Uint8Array, width: number): number[] {
  const indices: number[] = [];
  for (let at = MARGIN * width; at < labels.length - MARGIN * width; at++) {
    if (isUniform(labels, width, at)) indices.push(at);
  }
  return indices;
}

function isUniform(labels: Uint8Array, width: number, at: number): boolean {
  for (let dy = -MARGIN; dy <= MARGIN; dy++) {
    for (let dx = -MARGIN; dx <= MARGIN; dx++) {
      if (labels[at + dy * width + dx] !== labels[at]) return false;
    }
  }
  return true;
}
