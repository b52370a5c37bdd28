"""Images of every kind that can be segmented, made with pydicom 3.0.2: run in this folder.

Odd sizes, so that frames of single bits begin within bytes. Pixels are 7 rows of 9; what they show does not matter.

ct-0..3      oblique slices, with a clinical trial; Latin-1 in the names.
tilt-0..2    CT of a tilted gantry.
mr-0..2      MR, Japanese names, a time zone.
enhanced     CT of four frames in one file; Greek names.
dx, cr, mg   films; dx with a frame of reference but no place, mg compressed with loss as its header says.
us           ultrasound of 3 frames, RGB, with burned-in text.
op, xc, es   photographs in color; xc with text of UTF-8.
jpeg         a film in baseline JPEG that has no flag of loss; its pixels are no picture.
bad          a CT slice whose header breaks the rules of its own attributes.
unnamed      a film without StudyInstanceUID and SOPInstanceUID.
"""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit

here = Path(__file__).parent
ROWS, COLUMNS = 7, 9
CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
    "US": "1.2.840.10008.5.1.4.1.1.3.1",
    "OP": "1.2.840.10008.5.1.4.1.1.77.1.5.1",
    "XC": "1.2.840.10008.5.1.4.1.1.77.1.4",
    "ES": "1.2.840.10008.5.1.4.1.1.77.1.1",
    "enhanced": "1.2.840.10008.5.1.4.1.1.2.1",
}
ROOT = "1.2.276.0.8765.50"
numbers = {}


def item(**values) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def image(name: str, modality: str, number: int = 1, kind: str | None = None, samples: int = 1, frames: int = 1, **values) -> Dataset:
    case = numbers.setdefault(name.split("-")[0], len(numbers) + 1)
    dataset = item(
        SpecificCharacterSet="ISO_IR 100",
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"] if modality in ("CT", "MR") else ["ORIGINAL", "PRIMARY"],
        SOPClassUID=CLASSES[kind or modality],
        SOPInstanceUID=f"{ROOT}.{case}.1.{number}",
        StudyDate="20240131",
        StudyTime="081530.25",
        ContentDate="20240131",
        ContentTime="0816",
        AccessionNumber=f"A{case}",
        Modality=modality,
        Manufacturer="none",
        ReferringPhysicianName="Sender^Rita",
        StudyDescription="Synthetic",
        PatientName="M\u00fcller^J\u00fcrgen",
        PatientID=f"P{case}",
        PatientBirthDate="19700228",
        PatientSex="M",
        PatientAge="053Y",
        PatientWeight="71.5",
        StudyInstanceUID=f"{ROOT}.{case}",
        SeriesInstanceUID=f"{ROOT}.{case}.1",
        StudyID=str(case),
        SeriesNumber=3,
        InstanceNumber=number,
        PatientOrientation=["L", "F"],
        Rows=ROWS,
        Columns=COLUMNS,
        SamplesPerPixel=samples,
        PhotometricInterpretation="RGB" if samples == 3 else "MONOCHROME2",
        BitsAllocated=8 if samples == 3 else 16,
        BitsStored=8 if samples == 3 else 12,
        HighBit=7 if samples == 3 else 11,
        PixelRepresentation=0,
    )
    if samples == 3:
        dataset.PlanarConfiguration = 0
    if frames > 1:
        dataset.NumberOfFrames = frames
    dtype = np.uint8 if samples == 3 else np.uint16
    dataset.PixelData = (np.arange(frames * ROWS * COLUMNS * samples) % 200).astype(dtype).tobytes()
    if len(dataset.PixelData) % 2:
        dataset.PixelData += b"\0"
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def save(name: str, dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> None:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", f"{ROOT}.99")
    dataset.save_as(here / f"{name}.dcm", implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True, enforce_file_format=True)


def plane(origin: tuple, step: tuple, number: int, cosines: tuple = (1, 0, 0, 0, 1, 0), thickness: float = 2.5) -> dict:
    position = [round(o + number * s, 6) for o, s in zip(origin, step)]
    return {
        "FrameOfReferenceUID": f"{ROOT}.{len(numbers) + 100}",
        "PositionReferenceIndicator": "",
        "ImagePositionPatient": position,
        "ImageOrientationPatient": list(cosines),
        "PixelSpacing": [0.7, 0.6],
        "SliceThickness": thickness,
    }


turn = np.deg2rad(20)
oblique = (1, 0, 0, 0, round(np.cos(turn), 10), round(np.sin(turn), 10))
along = (0, -2.5 * np.sin(turn), 2.5 * np.cos(turn))
trial = dict(
    ClinicalTrialSponsorName="Sponsor",
    ClinicalTrialProtocolID="T1",
    ClinicalTrialProtocolName="",
    ClinicalTrialSiteID="S1",
    ClinicalTrialSiteName="",
    ClinicalTrialSubjectID="X7",
    ClinicalTrialTimePointID="baseline",
)
numbers["ct"] = 1
for k in range(4):
    position = plane((-30.123456, 12.5, 100), along, k, oblique)
    procedure = item(CodeValue="169069000", CodingSchemeDesignator="SCT", CodeMeaning="CT des Thorax, \u00fcbersichtlich")
    more = dict(ProcedureCodeSequence=Sequence([procedure]), BodyPartExamined="CHEST", RescaleIntercept=-1024, RescaleSlope=1)
    save(f"ct-{k}", image(f"ct-{k}", "CT", k + 1, **position, **trial, **more), ImplicitVRLittleEndian)
numbers["tilt"] = 2
for k in range(3):
    # The table moves along z, the slices are turned against it.
    save(f"tilt-{k}", image(f"tilt-{k}", "CT", k + 1, **plane((0, 0, -50), (0, 0, 5), k, oblique), RescaleIntercept=-1024, RescaleSlope=1))
numbers["mr"] = 3
for k in range(3):
    names = dict(SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName="Yamada^Tarou=\u5c71\u7530^\u592a\u90ce", TimezoneOffsetFromUTC="+0900")
    save(f"mr-{k}", image(f"mr-{k}", "MR", k + 1, **plane((5, 6, 7), (0, 4, 0), k, (1, 0, 0, 0, 0, -1)), **names))

enhanced = image("enhanced", "CT", kind="enhanced", frames=4, SpecificCharacterSet="ISO_IR 126", PatientName="\u0394\u03b9\u03bf\u03bd\u03cd\u03c3\u03b9\u03bf\u03c2^\u0391")
enhanced.FrameOfReferenceUID = f"{ROOT}.200"
measures = item(PixelSpacing=[0.7, 0.6], SliceThickness=3)
orientation = item(ImageOrientationPatient=list(oblique))
enhanced.SharedFunctionalGroupsSequence = Sequence(
    [item(PixelMeasuresSequence=Sequence([measures]), PlaneOrientationSequence=Sequence([orientation]))]
)
enhanced.PerFrameFunctionalGroupsSequence = Sequence(
    [
        item(
            PlanePositionSequence=Sequence([item(ImagePositionPatient=[round(k * s, 6) for s in along])]),
            FrameContentSequence=Sequence([item(FrameAcquisitionNumber=1)]),
        )
        for k in (2, 0, 3, 1)
    ]
)
save("enhanced", enhanced)

film = dict(ImagerPixelSpacing=[0.14, 0.14], ViewPosition="PA", PresentationIntentType="FOR PRESENTATION")
save("dx", image("dx", "DX", **film, FrameOfReferenceUID=f"{ROOT}.201", PixelSpacing=[0.14, 0.14]))
save("cr", image("cr", "CR", ViewPosition="PA", ImagerPixelSpacing=[0.2, 0.2]))
loss = dict(LossyImageCompression="01", LossyImageCompressionRatio=[12.5], LossyImageCompressionMethod="ISO_15444_1")
save("mg", image("mg", "MG", **film, **loss, ImageLaterality="L"))
save("us", image("us", "US", samples=3, frames=3, BurnedInAnnotation="YES"))
save("op", image("op", "OP", samples=3, ImageLaterality="R"))
save("xc", image("xc", "XC", samples=3, SpecificCharacterSet="ISO_IR 192", PatientName="\u0141ukasz^\u017b"))
save("es", image("es", "ES", samples=3, SpecificCharacterSet=None, PatientName="Doe^Jane"))

jpeg = image("jpeg", "CR", PixelData=encapsulate([b"\xff\xd8\xff\xd9"]))
jpeg["PixelData"].is_undefined_length = True
save("jpeg", jpeg, JPEGBaseline8Bit)

bad = image("bad", "CT", **plane((0, 0, 0), (0, 0, 1), 0), PatientAge="old", PatientSex="male", PatientWeight="0", StudyTime="8:15")
bad.SpecificCharacterSet = "LATIN1"
save("bad", bad)
unnamed = image("unnamed", "CR")
del unnamed.StudyInstanceUID, unnamed.SOPInstanceUID
save("unnamed", unnamed)
