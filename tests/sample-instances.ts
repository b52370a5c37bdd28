/**
 * DICOM files that an archive takes: a CT series and a chest film, of one invented patient each.
 */
import { textElement, transferSyntaxes, type WrittenElement, writeDicomFile } from "@medssl/imaging";

const EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";
const CT = "1.2.840.10008.5.1.4.1.1.2";
const DX = "1.2.840.10008.5.1.4.1.1.1.1";
const SIZE = 16;

export interface SampleInstance {
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly instanceUid: string;
  readonly modality: string;
  readonly sopClass: string;
  readonly patientId: string;
  /** From 1. */
  readonly number: number;
  readonly more?: readonly WrittenElement[];
}

export const ctStudy = "1.2.826.0.1.3680043.8.498.1";
export const ctSeries = `${ctStudy}.1`;
export const dxStudy = "1.2.826.0.1.3680043.8.498.2";

/** Slices 2 mm apart. */
export function ctSlices(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    sampleInstance({
      studyUid: ctStudy,
      seriesUid: ctSeries,
      instanceUid: `${ctSeries}.${i + 1}`,
      modality: "CT",
      sopClass: CT,
      patientId: "P1",
      number: i + 1,
      more: [
        textElement(0x00200032, "DS", `-4\\-4\\${2 * i}`),
        textElement(0x00200037, "DS", "1\\0\\0\\0\\1\\0"),
        textElement(0x00280030, "DS", "0.5\\0.5"),
        textElement(0x00281052, "DS", "-1024"),
        textElement(0x00281053, "DS", "1"),
      ],
    }),
  );
}

export function dxFilm(): Uint8Array {
  return sampleInstance({
    studyUid: dxStudy,
    seriesUid: `${dxStudy}.1`,
    instanceUid: `${dxStudy}.1.1`,
    modality: "DX",
    sopClass: DX,
    patientId: "P2",
    number: 1,
  });
}

/** Pixels are a ramp that the instance's number shifts. */
export function sampleInstance({ more = [], ...one }: SampleInstance): Uint8Array {
  const pixels = Uint16Array.from({ length: SIZE * SIZE }, (_, i) => (i * 5 + one.number * 97) % 2000);
  const number = (tag: number, value: number) => ({ tag, vr: "US", value: Uint8Array.of(value & 255, value >> 8) });
  const elements: WrittenElement[] = [
    textElement(0x00080016, "UI", one.sopClass),
    textElement(0x00080018, "UI", one.instanceUid),
    textElement(0x00080020, "DA", "20240517"),
    textElement(0x00080060, "CS", one.modality),
    textElement(0x00100010, "PN", "Invented^Person"),
    textElement(0x00100020, "LO", one.patientId),
    textElement(0x0020000d, "UI", one.studyUid),
    textElement(0x0020000e, "UI", one.seriesUid),
    textElement(0x00200013, "IS", String(one.number)),
    number(0x00280002, 1),
    textElement(0x00280004, "CS", "MONOCHROME2"),
    number(0x00280010, SIZE),
    number(0x00280011, SIZE),
    number(0x00280100, 16),
    number(0x00280101, 16),
    number(0x00280102, 15),
    number(0x00280103, 0),
    ...more,
    { tag: 0x7fe00010, vr: "OW", value: new Uint8Array(pixels.buffer) },
  ];
  const meta = { sopClass: one.sopClass, sopInstance: one.instanceUid, transferSyntax: EXPLICIT_LITTLE_ENDIAN };
  return writeDicomFile(meta, elements, transferSyntaxes.get(EXPLICIT_LITTLE_ENDIAN)!);
}
