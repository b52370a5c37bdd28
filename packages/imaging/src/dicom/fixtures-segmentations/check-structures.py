"""Compares the codes of ../structures.ts with DICOM's, as pydicom 3.0.2 has them: run in this folder.

Prints what is not SNOMED CT's of pydicom under that meaning, and which types CID 7151 (segmentation property types) lacks.
"""

import re
from pathlib import Path

from pydicom.sr._concepts_dict import concepts

source = (Path(__file__).parent.parent / "structures.ts").read_text()
pairs = [(value, meaning) for value, meaning in re.findall(r'sct\("(\d+)", "([^"]+)"\)', source)]
pairs += [(value, meaning) for meaning, value in re.findall(r'\[\s*"([^"]+)",\s*"(\d+)"', source)]
known = {}
for variants in concepts["SCT"].values():
    for value, (meaning, cids) in variants.items():
        known.setdefault(value, {})[meaning] = cids
for value, meaning in pairs:
    if meaning not in known.get(value, {}):
        print(f"{value} {meaning}: pydicom has {list(known.get(value, {})) or 'no such code'}")
    elif not {7150, 7151, 244} & set(known[value][meaning]):
        print(f"{value} {meaning}: not in CID 7151, but in {known[value][meaning]}")
print(f"{len(pairs)} codes")
