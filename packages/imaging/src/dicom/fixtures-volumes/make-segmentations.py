"""Segmentations of the oblique series, made with highdicom 0.28.2: run in this folder after make-volumes.py.

binary.dcm       two segments that share a voxel; a slice that none is on; 30 bits a frame, so that frames begin within bytes.
fractional.dcm   one segment, probabilities of 0 to 1 as 0 to 200.
labelmap.dcm     two segments as label values in RLE.
kidneys.dcm      two segments of one type, told apart by its modifier: within the type, as the standard says, and beside it.
segmentations.json   label of every voxel [4, 6, 5], from the array that the file was made of; slices along the normal.
"""

import json
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
from pydicom import uid as uids
from pydicom.sr.codedict import codes

here = Path(__file__).parent
sources = [pydicom.dcmread(here / f"oblique-{name}.dcm") for name in (1, 3, 0, 2)]  # Along the normal.


def segment(number: int, label: str, kind, algorithm: hd.seg.SegmentAlgorithmTypeValues) -> hd.seg.SegmentDescription:
    identification = None
    if algorithm != hd.seg.SegmentAlgorithmTypeValues.MANUAL:
        identification = hd.AlgorithmIdentificationSequence("threshold", codes.DCM.ArtificialIntelligence, "1")
    category = codes.SCT.Organ
    return hd.seg.SegmentDescription(number, label, category, kind, algorithm, identification)


segments = [
    segment(1, "liver", codes.SCT.Liver, hd.seg.SegmentAlgorithmTypeValues.MANUAL),
    segment(2, "spleen", codes.SCT.Spleen, hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC),
]


def make(name: str, array: np.ndarray, kind: hd.seg.SegmentationTypeValues, descriptions: list, number: int, **more) -> None:
    segmentation = hd.seg.Segmentation(
        source_images=sources,
        pixel_array=array,
        segmentation_type=kind,
        segment_descriptions=descriptions,
        series_instance_uid="1.2.276.0.8765.40",
        series_number=number,
        sop_instance_uid=f"1.2.276.0.8765.40.{number}",
        instance_number=1,
        manufacturer="none",
        manufacturer_model_name="none",
        software_versions="1",
        device_serial_number="1",
        omit_empty_frames=True,
        **more,
    )
    segmentation.save_as(here / name)


overlapping = np.zeros((4, 6, 5, 2), np.uint8)
overlapping[0, 1:4, 1:3, 0] = 1
overlapping[1, 2:6, 0:4, 0] = 1
overlapping[1, 5, 3:5, 1] = 1  # (5, 3) is in both.
overlapping[3, 0, :, 1] = 1
make("binary.dcm", overlapping, hd.seg.SegmentationTypeValues.BINARY, segments, 1)

probability = np.linspace(0, 1, 120).reshape(4, 6, 5)
make("fractional.dcm", probability, hd.seg.SegmentationTypeValues.FRACTIONAL, segments[:1], 2, max_fractional_value=200)

labels = np.where(overlapping[..., 1] == 1, 2, overlapping[..., 0]).astype(np.uint8)
make("labelmap.dcm", labels, hd.seg.SegmentationTypeValues.LABELMAP, segments, 3, transfer_syntax_uid=uids.RLELossless)

kidneys = [segment(n, "kidney", codes.SCT.Kidney, hd.seg.SegmentAlgorithmTypeValues.MANUAL) for n in (1, 2)]
modifiers = [pydicom.Sequence([hd.sr.CodedConcept.from_code(side)]) for side in (codes.SCT.Left, codes.SCT.Right)]
kidneys[0].SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = modifiers[0]
kidneys[1].SegmentedPropertyTypeModifierCodeSequence = modifiers[1]
make("kidneys.dcm", labels, hd.seg.SegmentationTypeValues.LABELMAP, kidneys, 4, transfer_syntax_uid=uids.RLELossless)

fraction = np.rint(probability * 200)
expected = {"binary": labels, "fractional": (fraction >= 100).astype(int), "labelmap": labels}
(here / "segmentations.json").write_text(json.dumps({name: array.ravel().tolist() for name, array in expected.items()}))
