"""Phantom films as a radiography unit and an export of pictures leave them: DICOM DX of 12 bits, and 8-bit PNG."""
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

ORG_ROOT = "1.2.826.0.1.3680043.8.498"
root = Path(sys.argv[1])
random = np.random.default_rng(0)


def write_dx(pixels, number, path):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    uid = f"{ORG_ROOT}.{number}"
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"{uid}.1"
    data.StudyInstanceUID, data.SeriesInstanceUID = uid, f"{uid}.0"
    data.PatientID, data.PatientName, data.Modality = f"P{number}", "Phantom^A", "DX"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = *pixels.shape, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.ImagerPixelSpacing, data.WindowCenter, data.WindowWidth = [0.2, 0.2], 2048, 4096
    data.PixelData = pixels.tobytes()
    data.save_as(path, enforce_file_format=True)


for number, film in enumerate(np.load(root / "films.npy"), 1):
    large = np.kron(film.astype(np.float32) * 16, np.ones((2, 2), np.float32))
    noisy = large + random.normal(0, 8, large.shape)
    write_dx(noisy.clip(0, 4095).astype(np.uint16), number, root / f"film-{number}.dcm")
    Image.fromarray(film).save(root / f"picture-{number}.png")
