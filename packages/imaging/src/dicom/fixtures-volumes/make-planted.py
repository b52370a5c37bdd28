"""Data sets with the name, numbers and days of a person who does not exist in every place where a person may stand.

Run with pydicom 3.0.2 and numpy in this folder. "Zxqv", 8765432, 19870605 and whatever begins 1.2.276.0.8765 are planted:
in every attribute that the profile lists (planted-explicit.dcm), and in the commonest ones of the other files; in private attributes, nested sequences, a sequence that is written as UN, the preamble, the meta information
and the padding behind the pixels. `image.dcm` and `derived.dcm` refer to one another.
"""

import json
from pathlib import Path

import numpy as np
from pydicom import config
from pydicom.datadict import DicomDictionary, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import write_dataset
from pydicom.filebase import DicomBytesIO
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom import uid as uids

here = Path(__file__).parent
root = "1.2.276.0.8765."
profile = [int(key[:8], 16) for key in json.loads((here / "../deidentify-profile.json").read_text())["attributes"] if "x" not in key[:8]]
common = [
    *[0x00080012, 0x00080018, 0x00080020, 0x00080023, 0x0008002A, 0x00080030, 0x00080050, 0x00080080, 0x00080081],
    *[0x00080082, 0x00080090, 0x00080092, 0x00081030, 0x0008103E, 0x00081048, 0x00081070, 0x00081080, 0x00081111],
    *[0x00081140, 0x00082112, 0x00100010, 0x00100020, 0x00100030, 0x00101000, 0x00101040, 0x00104000, 0x00181000],
    *[0x0020000D, 0x0020000E, 0x00200010, 0x00200052, 0x00204000, 0x00400275, 0x0040A730, 0x00880200, 0xFFFCFFFC],
]


def planted(tag: int, vr: str):
    number = tag % 10**6
    texts = {"PN": "Zxqv^Waldemar", "DA": "19870605", "DT": "19870605101112.5", "TM": "101112", "AS": "037Y"}
    if vr == "UI":
        return f"{root}{number}"
    if vr in texts:
        return texts[vr]
    if vr in ("AE", "CS", "SH"):
        return "ZXQV 8765432" if vr == "CS" else "Zxqv 8765432"
    if vr in ("LO", "LT", "ST", "UC", "UT", "UR"):
        return "Zxqv, Waldemar, 8765432, Hirschgasse 7"
    if vr in ("DS", "IS"):
        return "8765432"
    if vr in ("OB", "OW", "UN", "OB or OW"):
        return b"Zxqv 8765432"
    return {"FD": 8765432.0, "FL": 8765432.0, "UL": 8765432, "SL": 8765432, "US": 8765, "AT": 0x00100010}.get(vr)


def plant(dataset: Dataset, tags: list[int], depth: int = 0) -> None:
    for tag in tags:
        if tag not in DicomDictionary or Tag(tag).group in (0x0000, 0x0002, 0x0004) or tag == 0x00080016:
            continue
        vr = dictionary_VR(tag)
        if vr == "SQ":
            item = Dataset()
            if depth < 2:
                plant(item, [0x00081155, 0x00100010, 0x00104000, 0x00080050, 0x00081140][: 5 - depth], depth + 1)
                item.add_new(0x00080100, "SH", "T-04000")
            dataset[tag] = DataElement(tag, "SQ", Sequence([item]))
        elif (value := planted(tag, vr)) is not None:
            dataset[tag] = DataElement(tag, "OB" if vr == "OB or OW" else vr, value)


def base(tags: list[int], is_little_endian: bool = True) -> FileDataset:
    preamble = b"Zxqv 8765432".ljust(128, b" ")
    dataset = FileDataset("", {}, preamble, FileMetaDataset(), is_little_endian=is_little_endian)
    plant(dataset, tags)
    dataset.SOPClassUID = uids.CTImageStorage
    dataset.Modality = "CT"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.Manufacturer = "Scanner works"
    dataset.BodyPartExamined = "CHEST"
    dataset.KVP = "120"
    dataset.ConvolutionKernel = "made for Zxqv"  # A text that the profile keeps.
    dataset.PixelSpacing = [0.7, 0.7]
    dataset.ImagePositionPatient = [-10, -20, 30]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 4, 6, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    dataset.LargestImagePixelValue = 23
    block = dataset.private_block(0x0009, "ZXQV WORKS", create=True)
    block.add_new(0x01, "LO", "Zxqv in private")
    block.add_new(0x02, "SQ", Sequence([patient_item()]))
    overlay = {0x0010: ("US", 4), 0x0011: ("US", 6), 0x0022: ("LO", "Zxqv 8765432"), 0x3000: ("OW", b"Zxqv")}
    for element, (vr, value) in overlay.items():
        dataset.add_new(Tag(0x6000, element), vr, value)
    dataset.add_new(0x50000005, "US", 1)
    dataset.add_new(0x50003000, "OW", b"Zxqv")
    return dataset


def patient_item() -> Dataset:
    item = Dataset()
    item.PatientName, item.PatientID = "Zxqv^Waldemar", "8765432"
    return item


def implicit_items(item: Dataset) -> bytes:
    """The items of a sequence, as the value of an element whose writer did not know that it is one."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, True
    write_dataset(buffer, item)
    value = buffer.getvalue()
    return b"\xfe\xff\x00\xe0" + len(value).to_bytes(4, "little") + value


pixels = np.arange(24, dtype="<u2").reshape(4, 6)


def save(name: str, dataset: FileDataset, syntax: str) -> None:
    meta = dataset.file_meta
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    meta.SourceApplicationEntityTitle = "ZXQV 8765432"
    meta.PrivateInformationCreatorUID, meta.PrivateInformation = root + "1", b"Zxqv"
    if uids.UID(syntax).is_encapsulated:
        dataset.PixelData = encapsulate([b"\xff\xd8 not a picture \xff\xd9", b"of two fragments"], has_bot=True)
        dataset["PixelData"].VR = "OB"
    else:
        is_big = syntax == uids.ExplicitVRBigEndian
        dataset.PixelData = pixels.astype(">u2" if is_big else "<u2").tobytes()
        dataset["PixelData"].VR = "OW"
    dataset.save_as(here / name, enforce_file_format=True)


save("planted-explicit.dcm", base(profile), uids.ExplicitVRLittleEndian)
save("planted-implicit.dcm", base(common), uids.ImplicitVRLittleEndian)
save("planted-big-endian.dcm", base(common, is_little_endian=False), uids.ExplicitVRBigEndian)
save("planted-deflated.dcm", base(common), uids.DeflatedExplicitVRLittleEndian)
save("planted-jpeg.dcm", base(common), uids.JPEGBaseline8Bit)

unknown = base(common)
config.replace_un_with_known_vr = False
unknown[0x00082112] = DataElement(0x00082112, "UN", implicit_items(patient_item()))
unknown[0x00089215] = DataElement(0x00089215, "UN", implicit_items(patient_item()))
unknown[0x00700006] = DataElement(0x00700006, "UN", b"Zxqv 8765432")
unknown[0x30020001] = DataElement(0x30020001, "UN", b"Zxqv of no known meaning")
save("planted-unknown.dcm", unknown, uids.ExplicitVRLittleEndian)
config.replace_un_with_known_vr = True


def reference(source: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    return item


image, derived = base(common), base(common)
derived.SOPInstanceUID, derived.SeriesInstanceUID = root + "21", root + "22"
derived.StudyDate = "19870705"
derived.SourceImageSequence = Sequence([reference(image)])
derivation = Dataset()
derivation.SourceImageSequence = Sequence([reference(image)])
derived.DerivationImageSequence = Sequence([derivation])
series = Dataset()
series.SeriesInstanceUID = image.SeriesInstanceUID
series.ReferencedInstanceSequence = Sequence([reference(image)])
derived.ReferencedSeriesSequence = Sequence([series])
save("image.dcm", image, uids.ExplicitVRLittleEndian)
save("derived.dcm", derived, uids.ImplicitVRLittleEndian)
