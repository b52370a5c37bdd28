#!/usr/bin/env bash
# Pre-trains on all GPUs of this machine, or of several, with PyTorch's launcher: one process a GPU.
#
#   deploy/torchrun.sh --store stores/cxr --out runs/cxr --recipe vit-s16
#
# On several machines run the same line on each, all seeing the same stores and the same run folder, with
#   NUM_NODES=2 MASTER_ADDR=gpu01    (the name of one of them, where the others meet)
# torchrun comes with PyTorch (pip install torch); no Python of it runs the training.
#
# When a rank dies, all are started again, up to MAX_RESTARTS times, and --resume goes on from the last checkpoint.
# Tested: torchrun with these options and a test program on the CPU, two launchers of one machine included. Not tested: GPUs,
# several machines.
set -euo pipefail
cd "$(dirname "$0")/.."

num_gpus=$(nvidia-smi --list-gpus 2>/dev/null | wc -l || true)
device=cuda
if ((num_gpus == 0)); then device=cpu; fi

launch=(torchrun --no-python
  --nproc-per-node "${NUM_PROCESSES:-$((num_gpus > 0 ? num_gpus : 2))}"
  --max-restarts "${MAX_RESTARTS:-3}")
if ((${NUM_NODES:-1} > 1)); then
  # c10d: the machines' launchers agree on a restart; --node-rank with --master-addr would leave each to itself.
  launch+=(--nnodes "$NUM_NODES" --rdzv-id "${RUN_ID:-medssl}" --rdzv-backend c10d
    --rdzv-endpoint "$MASTER_ADDR:${MASTER_PORT:-29500}")
  # Whether MASTER_ADDR is this machine: torchrun finds out by itself unless told.
  if [[ -n ${IS_MASTER:-} ]]; then launch+=(--rdzv-conf "is_host=$IS_MASTER"); fi
else
  launch+=(--standalone)
fi

exec "${launch[@]}" node_modules/.bin/medssl pretrain --device "$device" --resume "$@"
