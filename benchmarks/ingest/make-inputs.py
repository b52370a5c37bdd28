"""Phantom films and scans into the files that the ingest benchmark reads, by the libraries that Python's users write with."""
import sys
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEG2000Lossless

NUM_JPEG, NUM_PNG, NUM_VOLUMES, VOLUME_SLICES, NUM_JPEG2000 = 2000, 300, 6, 60, 100
SPACING_MM = (3.0, 0.8, 0.8)
ORG_ROOT = "1.2.826.0.1.3680043.8.498"

root = Path(sys.argv[1])
films = np.load(root / "films.npy")
scans = np.load(root / "scans.npy", mmap_mode="r")
random = np.random.default_rng(0)


def make_jpeg(folder):
    """Like CheXpert's small images, about 45 kB: 8-bit grey, short side 320, each a cut of a film with its own contrast and noise."""
    for i in range(NUM_JPEG):
        film = films[i % len(films)]
        width = int(random.integers(320, 451))
        top, left = random.integers(0, film.shape[0] - 320), random.integers(0, film.shape[1] - width + 1)
        cut = film[top : top + 320, left : left + width].astype(np.float32)
        cut = (cut - 128) * random.uniform(0.8, 1.2) + 128 + random.normal(0, 2, cut.shape)
        Image.fromarray(cut.clip(0, 255).astype(np.uint8)).save(folder / f"view{i:05d}.jpg", quality=95)


def make_png16(folder):
    """Like DeepLesion: HU + 32768."""
    for i in range(NUM_PNG):
        shifted = (scans[i % len(scans), i // len(scans)].astype(np.int32) + 32768).astype(np.uint16)
        Image.fromarray(shifted).save(folder / f"{i:03d}.png")


def slice_dataset(pixels, series, instance):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"{ORG_ROOT}.{series}.{instance}"
    data.StudyInstanceUID, data.SeriesInstanceUID = f"{ORG_ROOT}.{series}", f"{ORG_ROOT}.{series}.0"
    data.FrameOfReferenceUID = f"{ORG_ROOT}.{series}.1"
    data.PatientID, data.PatientName, data.PatientSex, data.PatientAge = f"P{series:03d}", "Phantom^A", "O", "050Y"
    data.Modality, data.Manufacturer, data.ManufacturerModelName = "CT", "None", "Phantom"
    data.ImageType, data.BodyPartExamined = ["ORIGINAL", "PRIMARY", "AXIAL"], "CHEST"
    data.StudyDate = data.SeriesDate = data.AcquisitionDate = "20200101"
    data.StudyTime = data.SeriesTime = data.AcquisitionTime = "120000"
    data.StudyDescription, data.SeriesDescription, data.SeriesNumber = "CT THORAX", "3.0 B30f", series
    data.KVP, data.XRayTubeCurrent, data.ConvolutionKernel = 120, 200, "B30f"
    data.InstanceNumber, data.SliceThickness = instance, SPACING_MM[0]
    data.PixelSpacing, data.ImageOrientationPatient = list(SPACING_MM[1:]), [1, 0, 0, 0, 1, 0]
    data.ImagePositionPatient = [-204.8, -204.8, SPACING_MM[0] * instance]
    data.SliceLocation, data.PatientPosition = SPACING_MM[0] * instance, "HFS"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = *pixels.shape, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, -1024, "HU"
    data.WindowCenter, data.WindowWidth = 40, 400
    data.PixelData = (pixels.astype(np.int32) + 1024).astype(np.uint16).tobytes()
    return data


def make_dicom(folder):
    """Three series of a hundred slices, uncompressed. Names do not follow the order of the slices, as in an export."""
    for series, scan in enumerate(scans, 1):
        (folder / f"S{series:04d}").mkdir()
        names = random.permutation(len(scan))
        for instance, (pixels, name) in enumerate(zip(scan, names), 1):
            data = slice_dataset(pixels, series, instance)
            data.save_as(folder / f"S{series:04d}" / f"IM{name:05d}", enforce_file_format=True)


def make_jpeg2000(folder):
    for instance, pixels in enumerate(scans[0][:NUM_JPEG2000], 1):
        data = slice_dataset(pixels, 9, instance)
        data.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg")
        data.save_as(folder / f"IM{instance:05d}", enforce_file_format=True)


def make_nifti(folder):
    """Like AMOS22, in one of the orientations that occur (LPS, as scanners have it, and RAS)."""
    for i in range(NUM_VOLUMES):
        first = 40 * (i // len(scans))
        volume = np.asarray(scans[i % len(scans), first : first + VOLUME_SLICES]).transpose(2, 1, 0)
        affine = np.diag([-SPACING_MM[2], -SPACING_MM[1], SPACING_MM[0], 1.0])
        if i % 2 == 1:
            volume, affine = volume[::-1, ::-1], np.diag([SPACING_MM[2], SPACING_MM[1], SPACING_MM[0], 1.0])
        image = nibabel.Nifti1Image(np.asfortranarray(volume), affine)
        nibabel.save(image, folder / f"amos_{i + 1:04d}.nii.gz")


for name, make in {
    "jpeg": make_jpeg,
    "png16": make_png16,
    "dicom": make_dicom,
    "dicom-jpeg2000": make_jpeg2000,
    "nifti": make_nifti,
}.items():
    (root / name).mkdir()
    make(root / name)
