"""Segmentations that others make of the sources here, with highdicom 0.28.2 and dcmqi: run in this folder after make-sources.py.

film.dcm     highdicom, binary, two segments of dx.dcm: no place in space.
dcmqi.dcm    itkimage2segimage, two segments of the ct series.
others.json  labels, [D, H, W] flat, slices along the normal: the arrays that they were made of.
"""

import json
import subprocess
import sysconfig
import tempfile
from pathlib import Path

import highdicom as hd
import nibabel
import numpy as np
import pydicom
from pydicom.sr.codedict import codes

here = Path(__file__).parent
identification = hd.AlgorithmIdentificationSequence("threshold", codes.DCM.ArtificialIntelligence, "1")
automatic = hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC


def described(number: int, label: str, kind) -> hd.seg.SegmentDescription:
    return hd.seg.SegmentDescription(number, label, codes.SCT.AnatomicalStructure, kind, automatic, identification)


film = np.zeros((1, 7, 9), np.uint8)
film[0, 1:4, 2:5] = 1
film[0, 3:6, 6:8] = 2
hd.seg.Segmentation(
    source_images=[pydicom.dcmread(here / "dx.dcm")],
    pixel_array=film,
    segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
    segment_descriptions=[described(1, "lung", codes.SCT.Lung), described(2, "heart", codes.SCT.Heart)],
    series_instance_uid="1.2.276.0.8765.51",
    series_number=1,
    sop_instance_uid="1.2.276.0.8765.51.1",
    instance_number=1,
    manufacturer="none",
    manufacturer_model_name="none",
    software_versions="1",
    device_serial_number="1",
).save_as(here / "film.dcm")

slices = [pydicom.dcmread(here / f"ct-{k}.dcm") for k in range(4)]
labels = np.zeros((4, 7, 9), np.uint8)
labels[0, 1:3, 1:8] = 1
labels[2, 4:7, 0:2] = 2
labels[3, 0, 8] = 1
row, column = np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)
positions = [np.array(one.ImagePositionPatient, float) for one in slices]
(down, across), step = slices[0].PixelSpacing, (positions[-1] - positions[0]) / 3
affine = np.eye(4)
affine[:3] = np.stack([row * across, column * down, step, positions[0]], axis=1)
affine[:2] *= -1  # DICOM's LPS to NIfTI's RAS.


def attributes(label: int, name: str, value: str, meaning: str) -> dict:
    return {
        "labelID": label,
        "SegmentLabel": name,
        "SegmentAlgorithmType": "MANUAL",
        "SegmentedPropertyCategoryCodeSequence": {"CodeValue": "123037004", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Anatomical Structure"},
        "SegmentedPropertyTypeCodeSequence": {"CodeValue": value, "CodingSchemeDesignator": "SCT", "CodeMeaning": meaning},
        "recommendedDisplayRGBValue": [200, 10, 10],
    }


with tempfile.TemporaryDirectory() as folder:
    nibabel.save(nibabel.Nifti1Image(labels.transpose(2, 1, 0), affine), f"{folder}/labels.nii.gz")
    meta = {
        "ContentCreatorName": "none",
        "SeriesDescription": "Segmentation",
        "SeriesNumber": "300",
        "InstanceNumber": "1",
        "segmentAttributes": [[attributes(1, "liver", "10200004", "Liver"), attributes(2, "spleen", "78961009", "Spleen")]],
    }
    Path(folder, "meta.json").write_text(json.dumps(meta))
    tool = Path(sysconfig.get_path("scripts")) / "itkimage2segimage"
    files = ",".join(str(here / f"ct-{k}.dcm") for k in range(4))
    command = [tool, "--inputImageList", f"{folder}/labels.nii.gz", "--inputDICOMList", files]
    subprocess.run([*command, "--inputMetadata", f"{folder}/meta.json", "--outputDICOM", here / "dcmqi.dcm", "--skip"], check=True)

expected = {"film": film.ravel().tolist(), "dcmqi": labels.ravel().tolist()}
(here / "others.json").write_text(json.dumps(expected) + "\n")
