#!/usr/bin/env bash
# Other people's programs that tests compare with, on Debian or Ubuntu: Orthanc, dcmtk, dicom3tools, Chromium, and Python's
# pydicom, highdicom, dcmqi, nibabel and onnx. Tests that need one say so and are skipped where it is missing.
#
#     sudo scripts/install-judges.sh && export MEDSSL_PYTHON="$PWD/.judges/bin/python"
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
[ -x /usr/sbin/Orthanc ] || missing+=(orthanc)
ls /usr/share/orthanc/plugins/libOrthancDicomWeb.so* >/dev/null 2>&1 || missing+=(orthanc-dicomweb)
command -v storescu >/dev/null || missing+=(dcmtk)
command -v dciodvfy >/dev/null || missing+=(dicom3tools)
command -v chromium >/dev/null || missing+=(chromium)
command -v openssl >/dev/null || missing+=(openssl)
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
if ((${#missing[@]} > 0)); then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

if [ ! -e .judges/ready ]; then
  python3 -m venv .judges
  .judges/bin/pip install --quiet pydicom==3.0.2 highdicom==0.28.2 dcmqi==1.5.7 nibabel==5.4.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
  touch .judges/ready
fi
