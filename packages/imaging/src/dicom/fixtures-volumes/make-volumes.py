"""Small series with highdicom's reading of them: run with highdicom 0.28.2 in this folder.

oblique-0.dcm ...   MR, 4 slices of 6 x 5 in an oblique plane; the files are not in the order of the slices.
enhanced.dcm        enhanced MR, 3 places x 2 phases as 6 frames of one file, phases interleaved.
volumes.json        affine (LPS+, index to mm), shape and voxels as highdicom puts them together.
"""

import json
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
from pydicom import uid as uids
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence

here = Path(__file__).parent
root = "1.2.276.0.8765.30."


def rotation(z: float, x: float) -> np.ndarray:
    """About z, then about x, in radians."""
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    return about_x @ about_z


axes = rotation(0.3, 0.5)
row, column, normal = axes.T
spacing, origin = (0.9, 1.2, 2.5), np.array([-31.5, 12.25, 40.0])  # between rows, columns, slices
orientation = [round(float(v), 9) for v in (*row, *column)]
voxels = np.random.default_rng(4).integers(-500, 1500, (4, 6, 5)).astype(np.int16)


def position(z: int) -> list[float]:
    return [round(float(v), 9) for v in origin + z * spacing[2] * normal]


def base(sop_class: str, instance: str, series: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = uids.ExplicitVRLittleEndian, sop_class
    meta.MediaStorageSOPInstanceUID = root + instance
    dataset = FileDataset("", {}, bytes(128), meta)
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, root + instance
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = root + "1", root + series
    dataset.FrameOfReferenceUID, dataset.Modality, dataset.PatientID = root + "2", "MR", "phantom"
    dataset.PatientName, dataset.PatientBirthDate, dataset.PatientSex = "", "", ""
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "", "", ""
    dataset.AccessionNumber, dataset.ReferringPhysicianName, dataset.SeriesNumber = "", "", 1
    dataset.Manufacturer = "none"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "NONE"]
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 6, 5, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    return dataset


def truth(volume: hd.Volume) -> dict:
    return {"affineLps": volume.affine.ravel().tolist(), "shape": list(volume.array.shape), "data": volume.array.ravel().tolist()}


def oblique() -> list[FileDataset]:
    slices = []
    for z, array in enumerate(voxels):
        dataset = base(uids.MRImageStorage, f"10.{z}", "3")
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = position(z), orientation
        dataset.PixelSpacing, dataset.SliceThickness, dataset.InstanceNumber = list(spacing[:2]), 2, 4 - z
        dataset.PixelData = array.astype("<i2").tobytes()
        dataset["PixelData"].VR = "OW"
        slices.append(dataset)
    for name, z in enumerate((2, 0, 3, 1)):
        slices[z].save_as(here / f"oblique-{name}.dcm", enforce_file_format=True)
    return slices


def item(**attributes) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, Sequence([value]) if isinstance(value, Dataset) else value)
    return dataset


def enhanced(phases: list[int]) -> FileDataset:
    dataset = base(uids.EnhancedMRImageStorage, "20", "4")
    dataset.NumberOfFrames, dataset.InstanceNumber = 3 * len(phases), 1
    measures = item(PixelSpacing=list(spacing[:2]), SliceThickness=2)
    plane = item(ImageOrientationPatient=orientation)
    dataset.SharedFunctionalGroupsSequence = Sequence([item(PixelMeasuresSequence=measures, PlaneOrientationSequence=plane)])
    frames, arrays = [], []
    for z in range(3):
        for phase in phases:
            content = item(TemporalPositionIndex=phase + 1, DimensionIndexValues=[z + 1, phase + 1])
            frames.append(item(FrameContentSequence=content, PlanePositionSequence=item(ImagePositionPatient=position(2 - z))))
            arrays.append(voxels[2 - z] + 1000 * phase)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(frames)
    organization = root + "5"
    dataset.DimensionOrganizationSequence = Sequence([item(DimensionOrganizationUID=organization)])
    pointers = [(0x00200032, 0x00209113), (0x00209128, 0x00209111)]
    dataset.DimensionIndexSequence = Sequence(
        [item(DimensionIndexPointer=p, FunctionalGroupPointer=g, DimensionOrganizationUID=organization) for p, g in pointers]
    )
    dataset.PixelData = np.stack(arrays).astype("<i2").tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset


slices = oblique()
enhanced([0, 1]).save_as(here / "enhanced.dcm", enforce_file_format=True)
# highdicom puts one phase at a time together.
phases = [hd.Image.from_dataset(enhanced([phase])).get_volume(dtype=np.int16) for phase in (0, 1)]
expected = {"oblique": truth(hd.get_volume_from_series(slices, dtype=np.int16)), "enhanced": [truth(phase) for phase in phases]}
(here / "volumes.json").write_text(json.dumps(expected) + "\n")
print(expected["oblique"]["affineLps"], expected["oblique"]["shape"])
