"""Writes ../deidentify-dictionary.json: the VR of every attribute that pydicom 3.0.2 knows (DICOM PS3.6).

By VR, then by group: the elements. Where the standard allows several VRs, the first; of pixels and tables of words, OW.
"""

import json
from pathlib import Path

from pydicom.datadict import DicomDictionary

choices = {"US or SS": "US", "US or OW": "OW", "US or SS or OW": "OW", "OB or OW": "OW"}
by_vr: dict[str, dict[str, list[str]]] = {}
for tag, (vr, *_) in sorted(DicomDictionary.items()):
    group, element = f"{tag:08X}"[:4], f"{tag:08X}"[4:]
    if group in ("0000", "0002", "0004", "FFFE") or vr == "NONE":
        continue
    by_vr.setdefault(choices.get(vr, vr), {}).setdefault(group, []).append(element)
text = {vr: {group: " ".join(elements) for group, elements in groups.items()} for vr, groups in sorted(by_vr.items())}
(Path(__file__).parent.parent / "deidentify-dictionary.json").write_text(json.dumps(text, indent=2) + "\n")
