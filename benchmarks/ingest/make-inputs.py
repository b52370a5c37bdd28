"""Phantom films and scans into the files that the ingest benchmark reads, by the libraries that Python's users write with."""
import csv
import sys
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEG2000Lossless

NUM_JPEG, NUM_PNG, NUM_VOLUMES, VOLUME_SLICES = 6000, 1200, 18, 60
SPACING_MM = (3.0, 0.8, 0.8)
ORG_ROOT = "1.2.826.0.1.3680043.8.498"

root = Path(sys.argv[1])
films = np.load(root / "films.npy")
scans = np.load(root / "scans.npy", mmap_mode="r")
random = np.random.default_rng(0)


def write_table(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def make_jpeg(folder):
    """As CheXpert's small images: 36 kB, 8-bit grey, short side 320, each a cut of a film with its contrast and noise."""
    rows = []
    for i in range(NUM_JPEG):
        film = films[i % len(films)]
        width = int(random.integers(320, 451))
        top, left = random.integers(0, film.shape[0] - 320), random.integers(0, film.shape[1] - width + 1)
        cut = film[top : top + 320, left : left + width].astype(np.float32)
        cut = (cut - 128) * random.uniform(0.8, 1.2) + 128 + random.normal(0, 2, cut.shape)
        path = Path("CheXpert-v1.0-small", "train", f"patient{i // 2 + 1:05d}", f"study{i % 2 + 1}", "view1_frontal.jpg")
        (folder / path).parent.mkdir(parents=True)
        Image.fromarray(cut.clip(0, 255).astype(np.uint8)).save(folder / path, quality=95)
        rows.append({"Path": str(path), "Sex": "Female", "Age": 50, "Frontal/Lateral": "Frontal", "AP/PA": "AP"})
    write_table(folder / "CheXpert-v1.0-small" / "train.csv", rows)


def make_png16(folder):
    """As DeepLesion: HU + 32768."""
    rows = []
    for i in range(NUM_PNG):
        series, index = f"{i // 10 + 1:06d}_01_01", i % 10 + 100
        (folder / "Images_png" / series).mkdir(parents=True, exist_ok=True)
        # Again and again through the scans, each time darker by one, so that no two files are the same picture.
        scan, (darker, index_in_scan) = i % len(scans), divmod(i // len(scans), scans.shape[1])
        shifted = (scans[scan, index_in_scan].astype(np.int32) - darker + 32768).astype(np.uint16)
        Image.fromarray(shifted).save(folder / "Images_png" / series / f"{index}.png")
        if index == 105:
            location, spacing = "0.5, 0.4, 0.6", "0.8, 0.8, 3"
            row = {"File_name": f"{series}_{index}.png", "Key_slice_index": index, "Slice_range": "100, 109"}
            row |= {"Normalized_lesion_location": location, "Spacing_mm_px_": spacing, "Train_Val_Test": 1}
            rows.append(row)
    write_table(folder / "DL_info.csv", rows)


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


def make_dicom(folder, num_series=12, num_slices=100, compress=lambda data: None):
    """Series of CT slices. Names do not follow the order of the slices, as in an export."""
    for series in range(num_series):
        place = folder / f"S{series:04d}"
        place.mkdir()
        names = random.permutation(num_slices)
        for instance, name in enumerate(names, 1):
            # Each scan serves for several series, each darker by one than the one before.
            pixels = np.maximum(scans[series % len(scans), instance - 1] - series // len(scans), -1024)
            data = slice_dataset(pixels, series + 1, instance)
            compress(data)
            data.save_as(place / f"IM{name:05d}", enforce_file_format=True)


def make_jpeg2000(folder):
    make_dicom(folder, 2, 50, lambda data: data.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg"))


def make_nifti(folder):
    """As AMOS22, in one of the orientations that occur (LPS, as scanners have it, and RAS)."""
    (folder / "imagesTr").mkdir()
    for i in range(NUM_VOLUMES):
        darker, half = divmod(i // len(scans), 2)
        slices = scans[i % len(scans), 40 * half : 40 * half + VOLUME_SLICES]
        volume = (np.asarray(slices) - np.int16(darker)).transpose(2, 1, 0)
        affine = np.diag([-SPACING_MM[2], -SPACING_MM[1], SPACING_MM[0], 1.0])
        if i % 2 == 1:
            volume, affine = volume[::-1, ::-1], np.diag([SPACING_MM[2], SPACING_MM[1], SPACING_MM[0], 1.0])
        image = nibabel.Nifti1Image(np.asfortranarray(volume), affine)
        nibabel.save(image, folder / "imagesTr" / f"amos_{i + 1:04d}.nii.gz")


for name, make in {
    "jpeg": make_jpeg,
    "png16": make_png16,
    "dicom": make_dicom,
    "dicom-jpeg2000": make_jpeg2000,
    "nifti": make_nifti,
}.items():
    (root / name).mkdir()
    make(root / name)
