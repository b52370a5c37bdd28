"""A DICOMDIR by pydicom 3.0.2's FileSet, without the files that it names: run in this folder.

DICOMDIR         two patients, three studies, four series, six images.
dicomdir.json    its files as pydicom reads them back.
"""

import json
import tempfile
from pathlib import Path

import pydicom
from pydicom.fileset import FileSet

here = Path(__file__).parent
files = FileSet()
for i, (patient, study, series) in enumerate([(1, 1, 1), (1, 1, 1), (1, 1, 2), (1, 2, 3), (2, 3, 4), (2, 3, 4)]):
    dataset = pydicom.dcmread(here / "oblique-0.dcm")
    dataset.PatientID, dataset.PatientName = f"patient {patient}", "None"
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20200101", "120000", f"{study}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"1.2.276.0.8765.1.{study}", f"1.2.276.0.8765.2.{series}"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.276.0.8765.3.{i}"
    dataset.SeriesNumber, dataset.InstanceNumber = series, i + 1
    files.add(dataset)
with tempfile.TemporaryDirectory() as folder:
    files.write(folder)
    written = FileSet(Path(folder) / "DICOMDIR")
    expected = [
        {
            "path": Path(file.ReferencedFileID if isinstance(file.ReferencedFileID, str) else "/".join(file.ReferencedFileID)).as_posix(),
            "type": "IMAGE",
            "patientId": file.PatientID,
            "studyUid": file.StudyInstanceUID,
            "seriesUid": file.SeriesInstanceUID,
            "instanceUid": file.SOPInstanceUID,
        }
        for file in written
    ]
    (here / "DICOMDIR").write_bytes((Path(folder) / "DICOMDIR").read_bytes())
(here / "dicomdir.json").write_text(json.dumps(expected, indent=2) + "\n")
