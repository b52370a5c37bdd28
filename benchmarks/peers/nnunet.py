"""Trains nnU-Net v2's 2-D configuration for a small number of steps, and predicts the test images.

    python nnunet.py WORK --steps 250 --batch 8 --base-width 8 --max-width 128 [--mirror] [--plan-only]

WORK/raw/Dataset001_Peer holds imagesTr, labelsTr, imagesTs and dataset.json (benchmarks/nnunet.ts writes them);
WORK/predictions gets one PNG for each test image, WORK/result.json times and the plan as nnU-Net made it.

nnU-Net is as installed, but for what would not fit a small budget, or would not compare:
    plan       its batch size and channels are replaced by those given; stages, strides and patch stay nnU-Net's own
    steps      epochs of 10 steps instead of 250, so that the learning rate falls all the way within the steps given
    mirroring  off, in training and in testing, unless --mirror: ours mirrors only where anatomy has no sides
    validation none: all training cases are learned from, the last weights are kept (as in ours)
"""

import argparse
import json
import os
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("work", type=Path)
parser.add_argument("--steps", type=int, default=250)
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--base-width", type=int, default=8)
parser.add_argument("--max-width", type=int, default=128)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--mirror", action="store_true")
parser.add_argument("--plan-only", action="store_true")
args = parser.parse_args()

for name in ("raw", "preprocessed", "results", "predictions"):
    os.environ[f"nnUNet_{name}"] = str(args.work / name)
    (args.work / name).mkdir(parents=True, exist_ok=True)
os.environ.update(nnUNet_n_proc_DA="1", nnUNet_compile="0", OMP_NUM_THREADS=str(args.threads))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from nnunetv2.experiment_planning.plan_and_preprocess_api import extract_fingerprints, plan_experiments, preprocess  # noqa: E402
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor  # noqa: E402
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer  # noqa: E402

STEPS_PER_EPOCH = 10


class PeerTrainer(nnUNetTrainer):
    def __init__(self, plans, configuration, fold, dataset_json, device):
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.num_iterations_per_epoch = STEPS_PER_EPOCH
        self.num_val_iterations_per_epoch = 1
        self.num_epochs = args.steps // STEPS_PER_EPOCH
        self.disable_checkpointing = False
        self.save_every = 10**6

    def configure_rotation_dummyDA_mirroring_and_inital_patch_size(self):
        rotation, dummy, initial_patch, axes = super().configure_rotation_dummyDA_mirroring_and_inital_patch_size()
        if not args.mirror:
            axes = self.inference_allowed_mirroring_axes = None
        return rotation, dummy, initial_patch, axes

    def plot_network_architecture(self):
        pass


def main():
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)
    extract_fingerprints([1], num_processes=1)
    plan_experiments([1])
    folder = args.work / "preprocessed" / "Dataset001_Peer"
    plans = json.loads((folder / "nnUNetPlans.json").read_text())
    own = plans["configurations"]["2d"]
    architecture = own["architecture"]["arch_kwargs"]
    planned = {
        "batchSize": own["batch_size"],
        "patchSize": own["patch_size"],
        "channels": architecture["features_per_stage"],
        "strides": architecture["strides"],
        "convsPerStage": architecture["n_conv_per_stage"],
        "normalization": own["normalization_schemes"],
    }
    if args.plan_only:
        (args.work / "result.json").write_text(json.dumps({"planned": planned}, indent=1))
        return
    own["batch_size"] = args.batch
    stages = range(architecture["n_stages"])
    architecture["features_per_stage"] = [min(args.max_width, args.base_width * 2**i) for i in stages]
    (folder / "nnUNetPlans.json").write_text(json.dumps(plans))
    preprocess([1], configurations=("2d",), num_processes=(1,))

    dataset = json.loads((folder / "dataset.json").read_text())
    plans["continue_training"] = False
    os.environ["nnUNet_n_proc_DA"] = "0"  # augmentation in this process
    trainer = PeerTrainer(plans, "2d", "all", dataset, device=torch.device("cpu"))
    started = time.time()
    trainer.run_training()
    trained = time.time()

    predictor = nnUNetPredictor(use_mirroring=args.mirror, device=torch.device("cpu"), perform_everything_on_device=False)
    trainer.set_deep_supervision_enabled(False)
    predictor.manual_initialization(
        trainer.network,
        trainer.plans_manager,
        trainer.configuration_manager,
        [trainer.network.state_dict()],
        dataset,
        "PeerTrainer",
        trainer.inference_allowed_mirroring_axes,
    )
    predictor.predict_from_files_sequential(
        str(args.work / "raw" / "Dataset001_Peer" / "imagesTs"), str(args.work / "predictions"), overwrite=True
    )
    result = {
        "planned": planned,
        "channels": architecture["features_per_stage"],
        "parameters": sum(p.numel() for p in trainer.network.parameters()),
        "trainSeconds": trained - started,
        "predictSeconds": time.time() - trained,
    }
    (args.work / "result.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
