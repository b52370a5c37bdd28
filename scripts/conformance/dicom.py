"""Decodes every DICOM file of a list of places with pydicom and pylibjpeg, for `npm run conformance -- dicom`.

python3 dicom.py OUT [FOLDER...]: the places are the test files of pydicom's wheel, the pydicom-data package and FOLDERs.
Writes OUT/manifest.json, a list of {file, syntax, stored?, hounsfield?, error?}: `stored` and `hounsfield` name the raw
arrays beside it (little endian, C order), with dtype and shape, as pixel_array and apply_modality_lut of pydicom give them.

Needs: pip install pydicom==3.0.2 pydicom-data pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg pylibjpeg-rle numpy
"""

import importlib.util
import json
import sys
import warnings
from pathlib import Path

import libjpeg
import numpy as np
import pydicom
import rle  # noqa: F401  (pylibjpeg finds its plugins by itself; they are imported to be missed early)
import openjpeg  # noqa: F401
from pydicom.encaps import get_frame
from pydicom.pixels import apply_modality_lut, get_decoder, pixel_array
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, UID

warnings.simplefilter("ignore")

# pydicom has no decoder for these retired processes of JPEG, pylibjpeg's library has.
RETIRED_JPEG = ("1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55")


def places():
    yield Path(pydicom.__file__).parent / "data"
    data_store = importlib.util.find_spec("data_store")
    if data_store is None:
        raise ModuleNotFoundError("No module named 'data_store'")
    yield Path(data_store.origin).parent / "data"
    for folder in sys.argv[2:]:
        yield Path(folder)


def main(out):
    entries = []
    for folder in places():
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = describe(path, out, len(entries))
            if entry is not None:
                entries.append({"file": str(path), **entry})
    (out / "manifest.json").write_text(json.dumps(entries, indent=1))


def describe(path, out, number):
    """None for what is no image file of DICOM."""
    try:
        dataset = pydicom.dcmread(path, force=path.suffix == ".dcm")
    except Exception:
        return None
    if not any(keyword in dataset for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        return None
    syntax = getattr(dataset.file_meta, "TransferSyntaxUID", None) or guessed_syntax(dataset)
    entry = {"syntax": str(syntax)}
    try:
        stored = stored_values(dataset, syntax)
        entry["stored"] = write(out / f"{number}.stored", stored)
        if dataset.get("Modality") == "CT" and "RescaleSlope" in dataset:
            entry["hounsfield"] = write(out / f"{number}.hounsfield", hounsfield(stored, dataset))
    except Exception as error:  # whatever a test file provokes: pydicom does not decode it
        entry["error"] = f"{type(error).__name__}: {error}".splitlines()[0]
    return entry


def guessed_syntax(dataset):
    """Of a file without meta information; pixel_array wants it there."""
    is_implicit, is_little_endian = dataset.original_encoding
    syntax = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian if is_little_endian else ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = syntax
    return syntax


def stored_values(dataset, syntax):
    if syntax in RETIRED_JPEG:
        return libjpeg.decode(get_frame(dataset.PixelData, 0, number_of_frames=1))
    if UID(syntax).is_encapsulated and "pylibjpeg" in get_decoder(syntax).available_plugins:
        return pixel_array(dataset, decoding_plugin="pylibjpeg")
    return pixel_array(dataset)


def hounsfield(stored, dataset):
    """NaN where the scanner says that it measured nothing; padding is each reader's own affair."""
    values = apply_modality_lut(stored, dataset).astype(float)
    if dataset.get("PixelPaddingValue") is not None:
        values[stored == dataset.PixelPaddingValue] = np.nan
    return values


def write(path, array):
    array = np.ascontiguousarray(array)
    array = array.astype(array.dtype.newbyteorder("<"))
    path.write_bytes(array.tobytes())
    return {"file": path.name, "dtype": array.dtype.kind + str(8 * array.dtype.itemsize), "shape": array.shape}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
