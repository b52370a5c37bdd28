"""Reads segmentations as others do, with highdicom 0.28.2 and dcmqi, for write-segmentation.test.ts.

In: a list of {segmentation, sources, folder} as JSON, names of files; `folder` is an empty one for dcmqi's output.
Out: for each {segments, patient, lossy, sources, pixels, volume, dcmqi}:
segments   [label, category, type, modifiers] with codes as scheme:value
pixels     [segment][slice in the order of `sources` and their frames][row][column], flat, by the images' UIDs
volume     shape [slice, row, column, segment], affine (LPS) and sum of highdicom's volume, or why it makes none; null for pictures
dcmqi      per segment its shape, the volume of a voxel in mm3 and the number of voxels; null for pictures and labelmaps, which
           dcmqi does not read

Needs: pip install highdicom==0.28.2 dcmqi nibabel
"""

import json
import subprocess
import sys
import sysconfig
import warnings
from pathlib import Path

import highdicom as hd
import nibabel
import numpy as np
import pydicom

warnings.simplefilter("ignore")
READER = Path(sysconfig.get_path("scripts")) / "segimage2itkimage"


def code(concept) -> str:
    return f"{concept.CodingSchemeDesignator}:{concept.get('CodeValue') or concept.get('LongCodeValue')}"


def described(segment) -> list:
    modifiers = segment.SegmentedPropertyTypeCodeSequence[0].get("SegmentedPropertyTypeModifierCodeSequence", [])
    category = code(segment.SegmentedPropertyCategoryCodeSequence[0])
    return [segment.SegmentLabel, category, code(segment.SegmentedPropertyTypeCodeSequence[0]), [code(m) for m in modifiers]]


def pixels_of(seg, sources: list) -> np.ndarray:
    more = dict(ignore_spatial_locations=False, assert_missing_frames_are_empty=True)
    if seg.segmentation_type != hd.seg.SegmentationTypeValues.LABELMAP and seg.segmentation_type.value == "FRACTIONAL":
        more["rescale_fractional"] = False
    if len(sources) == 1 and int(sources[0].get("NumberOfFrames", 1)) > 1:
        frames = list(range(1, int(sources[0].NumberOfFrames) + 1))
        return seg.get_pixels_by_source_frame(sources[0].SOPInstanceUID, frames, **more)
    return seg.get_pixels_by_source_instance([source.SOPInstanceUID for source in sources], **more)


def by_dcmqi(path: str, folder: str) -> list:
    command = [READER, "--inputDICOM", path, "--outputDirectory", folder, "-t", "nifti"]
    subprocess.run(command, check=True, capture_output=True)
    files = sorted(Path(folder).glob("*.nii.gz"), key=lambda file: int(file.name.split(".")[0]))
    images = [nibabel.load(file) for file in files]
    return [[list(image.shape), round(float(np.abs(np.linalg.det(image.affine[:3, :3]))), 3), int((np.asanyarray(image.dataobj) > 0).sum())] for image in images]


def read(segmentation: str, sources: list, folder: str) -> dict:
    seg = hd.seg.segread(segmentation)
    images = [pydicom.dcmread(source) for source in sources]
    isMap = seg.segmentation_type.value == "LABELMAP"
    pixels = pixels_of(seg, images)  # [slice, row, column, segment]
    volume = None
    if "FrameOfReferenceUID" in seg:
        more = {} if isMap or seg.segmentation_type.value == "BINARY" else {"rescale_fractional": False}
        try:
            found = seg.get_volume(allow_missing_positions=True, **more)
            volume = {"shape": list(found.array.shape), "affine": found.affine.tolist(), "sum": int(found.array.sum(dtype=np.int64))}
        except RuntimeError as error:  # The slices of a tilted gantry are no volume to highdicom.
            volume = str(error)
    return {
        "segments": [described(segment) for segment in seg.SegmentSequence if segment.SegmentNumber > 0],
        "patient": [str(seg.PatientName), seg.PatientID, seg.StudyInstanceUID],
        "lossy": [seg.LossyImageCompression, str(seg.get("LossyImageCompressionMethod", ""))],
        "sources": [str(uid) for _, _, uid in seg.get_source_image_uids()],
        "pixels": np.moveaxis(pixels, -1, 0).ravel().astype(int).tolist(),
        "volume": volume,
        "dcmqi": None if isMap or not isinstance(volume, dict) else by_dcmqi(segmentation, folder),
    }


print(json.dumps([read(**job) for job in json.load(sys.stdin)]))
