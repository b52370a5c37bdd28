#!/bin/sh
# Pre-training on an NVIDIA card, ours and PyTorch's: benchmarks/gpu/run.sh [--device cpu]
#
# For a bare machine: README.md beside this file says what has to be there and what is brought along. Needs no network.
set -eu
cd "$(dirname "$0")/../.."
node=node_modules/node/bin/node
bundle=${MEDSSL_BENCH_BUNDLE:-.bench/gpu-bundle.tar.xz}
python=${MEDSSL_BENCH_PYTHON:-python3}

if [ ! -x "$node" ]; then
  if [ ! -f "$bundle" ]; then
    echo "run.sh: neither $node nor $bundle is here. Make the bundle where the packages are installed" >&2
    echo "  (benchmarks/gpu/pack.sh), copy it here, or name it in MEDSSL_BENCH_BUNDLE." >&2
    exit 1
  fi
  tar -xf "$bundle" || "$python" -m tarfile -e "$bundle" .
fi
if ! "$python" -c 'import torch' 2>/dev/null; then
  echo "run.sh: $python has no PyTorch. Install it, or name another Python in MEDSSL_BENCH_PYTHON." >&2
  exit 1
fi
export MEDSSL_BENCH_PYTHON="$python"
MEDSSL_TORCH=${MEDSSL_TORCH:-$("$python" -c 'import os, torch; print(os.path.dirname(torch.__file__))')}
export MEDSSL_TORCH
"$node" scripts/build-addon.mjs
exec "$node" benchmarks/gpu/run.ts "$@"
