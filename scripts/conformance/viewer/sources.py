"""DICOM images of raw arrays, and highdicom's segmentation of each, for `npm run conformance -- viewer`.

python3 sources.py FOLDER reads FOLDER/cases.json, a list of {name, sopClass, modality, shape, channels, orientation?,
spacing?, segments} with the arrays NAME.image (int16 or uint8, [slices, rows, columns, channels]) and NAME.labels (uint8).
Writes NAME-0.dcm, NAME-1.dcm, ..., highdicom-binary-NAME.dcm, and, of pictures without a place, highdicom-oriented-NAME.dcm: the
same with the plane that viewers take such pictures to have.

Needs: pip install pydicom==3.0.2 highdicom==0.28.2 numpy
"""

import json
import sys
from pathlib import Path

import highdicom
import numpy as np
import pydicom
from highdicom.seg import Segmentation, SegmentDescription
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, generate_uid


def main(folder):
    for case in json.loads((folder / "cases.json").read_text()):
        shape = case["shape"]
        channels = case["channels"]
        dtype = np.int16 if case["modality"] in ("CT", "MR") else np.uint8
        pixels = np.fromfile(folder / f"{case['name']}.image", dtype).reshape(*shape, channels)
        labels = np.fromfile(folder / f"{case['name']}.labels", np.uint8).reshape(shape)
        series = [instance(case, index, frame) for index, frame in enumerate(pixels)]
        shared = series_elements(case)
        for index, dataset in enumerate(series):
            dataset.update(shared)
            dataset.save_as(folder / f"{case['name']}-{index}.dcm", enforce_file_format=True)
        if case["modality"] == "OP":
            continue  # highdicom 0.28.2 takes these for multi-frame images and ends in an AttributeError
        written = segmentation(case, series, labels)
        written.save_as(folder / f"highdicom-binary-{case['name']}.dcm")
        if "orientation" not in case:
            plane = Dataset()
            plane.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
            written.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence = [plane]
            written.save_as(folder / f"highdicom-oriented-{case['name']}.dcm")


def series_elements(case):
    """What all images of a case say alike."""
    dataset = Dataset()
    dataset.SOPClassUID = case["sopClass"]
    dataset.Modality = case["modality"]
    dataset.PatientName = "Phantom^Asymmetric"
    dataset.PatientID = f"viewer-{case['name']}"
    dataset.PatientBirthDate = ""
    dataset.PatientSex = ""
    dataset.StudyID = "1"
    dataset.StudyDate = "20260101"
    dataset.StudyTime = "120000"
    dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    dataset.Manufacturer = "MedSSL"
    dataset.SeriesNumber = 1
    dataset.StudyInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    if "orientation" in case:
        dataset.FrameOfReferenceUID = generate_uid()
        dataset.PositionReferenceIndicator = ""
    return dataset


def instance(case, index, frame):
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = case["sopClass"]
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.InstanceNumber = index + 1
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = frame.shape
    dataset.BitsAllocated = dataset.BitsStored = 8 * frame.dtype.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    if case["modality"] == "OP":
        dataset.NumberOfFrames = 1
    dataset.PixelRepresentation = int(frame.dtype == np.int16)
    dataset.PhotometricInterpretation = "RGB" if frame.shape[2] == 3 else "MONOCHROME2"
    if frame.shape[2] == 3:
        dataset.PlanarConfiguration = 0
    else:
        dataset.WindowCenter, dataset.WindowWidth = case["window"]
        dataset.RescaleIntercept, dataset.RescaleSlope = 0, 1
    if "orientation" in case:
        place(dataset, case, index)
    elif "spacing" in case:
        dataset.ImagerPixelSpacing = case["spacing"][1:]
        dataset.PatientOrientation = ["L", "F"]
    dataset.PixelData = frame.tobytes()
    return dataset


def place(dataset, case, index):
    row, column = np.array(case["orientation"]).reshape(2, 3)
    position = np.array([-70.0, -55.0, 30.0]) + index * case["spacing"][0] * np.cross(row, column)
    dataset.ImageOrientationPatient = [f"{value:.10g}" for value in case["orientation"]]
    dataset.ImagePositionPatient = [f"{value:.10g}" for value in position]
    dataset.PixelSpacing = case["spacing"][1:]
    dataset.SliceThickness = case["spacing"][0]


def segmentation(case, series, labels):
    descriptions = [
        SegmentDescription(number, name, codes.SCT.Organ, codes.SCT.Organ, "MANUAL")
        for number, name in enumerate(case["segments"], 1)
    ]
    return Segmentation(
        series, labels, "BINARY", descriptions, generate_uid(), 2, generate_uid(), 1, "MedSSL", "conformance", "1", "1"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
