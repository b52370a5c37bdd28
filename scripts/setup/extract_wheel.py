"""Unpacks the files of a wheel (a zip file) whose paths match a regular expression.

python3 extract_wheel.py WHEEL TARGET PATTERN [EXCEPT]
"""

import re
import sys
import zipfile

wheel, target, pattern = sys.argv[1:4]
excluded = sys.argv[4] if len(sys.argv) > 4 else "(?!)"
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if re.search(pattern, name) and not re.search(excluded, name):
            archive.extract(name, target)
