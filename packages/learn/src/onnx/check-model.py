"""Whether ONNX files pass ONNX's own checker, shape inference included: python check-model.py FILE..."""
import sys

import onnx

for path in sys.argv[1:]:
    onnx.checker.check_model(onnx.load(path), full_check=True)
