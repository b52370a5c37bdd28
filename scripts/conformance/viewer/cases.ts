/**
 * Pictures and label maps for the viewer: phantoms that no mirroring, turning or shifting leaves as they were.
 *
 * Sizes    rows and columns differ everywhere, so do the spacings of volumes: what is transposed does not fit.
 */
import { generatePhantom, TorsoScan } from "@medssl/datasets";

export interface ViewerCase {
  readonly name: string;
  readonly modality: string;
  readonly sopClass: string;
  /** [slices, rows, columns] */
  readonly shape: readonly [number, number, number];
  readonly channels: 1 | 3;
  /** Of a place in the patient: ImageOrientationPatient. */
  readonly orientation?: readonly number[];
  /** mm: [slices, rows, columns] */
  readonly spacing?: readonly number[];
  /** Center and width. */
  readonly window?: readonly [number, number];
  /** Names of labels 1, 2, ... */
  readonly segments: readonly string[];
  readonly image: Int16Array | Uint8Array;
  readonly labels: Uint8Array;
}

export function viewerCases(): ViewerCase[] {
  return [axialCt(), obliqueMr(), film(), fundus()];
}

const torsoLabels = ["spleen", "kidney", "liver", "stomach"];

/** Liver on one side, spleen on the other, the spine behind. */
function torso(numSlices: number): Pick<ViewerCase, "shape" | "channels" | "segments" | "image" | "labels"> {
  const [size, top, rows] = [192, 16, 160];
  const scan = new TorsoScan(5, size);
  const renamed = [0, 1, 2, 2, 0, 0, 3, 4];
  const image = new Int16Array(numSlices * rows * size);
  const labels = new Uint8Array(image.length);
  for (let i = 0; i < numSlices; i++) {
    const slice = scan.slice(-76 + 6 * i);
    image.set(slice.density.subarray(top * size, (top + rows) * size), i * rows * size);
    const cut = slice.labels.subarray(top * size, (top + rows) * size);
    labels.set(
      cut.map((label) => renamed[label] ?? 0),
      i * rows * size,
    );
  }
  return { shape: [numSlices, rows, size], channels: 1, segments: torsoLabels, image, labels };
}

function axialCt(): ViewerCase {
  return {
    name: "ct",
    modality: "CT",
    sopClass: "1.2.840.10008.5.1.4.1.1.2",
    orientation: [1, 0, 0, 0, 1, 0],
    spacing: [6, 1.9, 1.9],
    window: [50, 400],
    ...torso(12),
  };
}

/** Turned about two axes, and pixels that are no squares. */
function obliqueMr(): ViewerCase {
  const [a, b] = [0.3, 0.2];
  const row = [Math.cos(a), Math.sin(a) * Math.cos(b), Math.sin(a) * Math.sin(b)];
  const column = [-Math.sin(a), Math.cos(a) * Math.cos(b), Math.cos(a) * Math.sin(b)];
  return {
    name: "mr",
    modality: "MR",
    sopClass: "1.2.840.10008.5.1.4.1.1.4",
    orientation: [...row, ...column],
    spacing: [5, 1.9, 1.6],
    window: [50, 400],
    ...torso(8),
  };
}

/** A chest X-ray without a frame of reference; the two lungs apart. */
function film(): ViewerCase {
  const { width, height, image, mask } = generatePhantom("lungs", 3, { size: 512 });
  const rows = height - 64;
  const labels = mask.subarray(0, rows * width).map((label, i) => (label === 0 ? 0 : i % width < width / 2 ? 1 : 2));
  return {
    name: "dx",
    modality: "DX",
    sopClass: "1.2.840.10008.5.1.4.1.1.1.1",
    shape: [1, rows, width],
    channels: 1,
    spacing: [1, 0.7, 0.7],
    window: [128, 256],
    segments: ["right lung", "left lung"],
    image: image.slice(0, rows * width),
    labels,
  };
}

/** A color photograph without any size or place; vessels, and those of its first columns apart. */
function fundus(): ViewerCase {
  const { width, height, image, mask } = generatePhantom("vessels", 4, { size: 512 });
  const rows = height - 32;
  const labels = mask.subarray(0, rows * width).map((label, i) => (label === 0 ? 0 : i % width < width / 3 ? 2 : 1));
  return {
    name: "op",
    modality: "OP",
    sopClass: "1.2.840.10008.5.1.4.1.1.77.1.5.1",
    shape: [1, rows, width],
    channels: 3,
    segments: ["vessels", "vessels of the first third"],
    image: image.slice(0, 3 * rows * width),
    labels,
  };
}
