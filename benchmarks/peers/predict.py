"""Files to masks as one writes it in Python: pydicom, Pillow or nibabel, PyTorch, MONAI's inferer; theirs of predict.ts.

An honest best: inference mode, the memory format and the number of tiles at once that are fastest here, pixels left in
numpy's arrays, files compressed as fast as ours are.
"""
import json
import resource
import time
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import torch
import torch.nn.functional as F
from monai.inferers import sliding_window_inference
from PIL import Image
from safetensors.torch import load_file

from peers.segmenters import HybridUNet, UNet
from serve import serve

MANNERS = [(memory, batch) for memory in (torch.contiguous_format, torch.channels_last) for batch in (1, 4, 16)]
HU_LOW, HU_HIGH = -175, 250


class Work:
    def __init__(self, run, threads):
        torch.set_num_threads(threads)
        info = json.loads(Path(run, "run.json").read_text())
        recipe, self.form = info["recipe"], info["input"]
        self.size, self.inference = recipe["inputSize"], recipe["inference"]
        self.mean, self.std = info["statistics"]["mean"], info["statistics"]["std"]
        vit = {"patch": recipe["encoder"]["patchSize"], "dim": recipe["encoder"]["embedDim"]}
        vit |= {"depth": recipe["encoder"]["depth"], "heads": recipe["encoder"]["numHeads"]}
        network = {"unet": UNet, "hybrid": HybridUNet}[recipe["head"]]
        self.network = network(len(info["labels"]) + 1, tile=self.size, **vit)
        self.network.load_state_dict(load_file(Path(run, "model.safetensors")))
        self.network.eval()
        self.manner = MANNERS[0]
        images = torch.rand(1, 1, self.form["height"], self.form["width"])
        self.manner = min(MANNERS, key=lambda manner: self.seconds(images, manner))

    def seconds(self, images, manner):
        self.manner = manner
        self.network.to(memory_format=manner[0])
        self.labels(images)
        start = time.perf_counter()
        self.labels(images)
        return time.perf_counter() - start

    def labels(self, unit):
        """Values of 0-1 [B, 1, H, W] to labels uint8 [B, H, W]."""
        return self.scores(unit).argmax(1).to(torch.uint8)

    def scores(self, unit):
        """Logits, or probabilities of tiles, [B, K + 1, H, W]."""
        memory, batch = self.manner
        self.network.to(memory_format=memory)
        predict = lambda tiles: self.network(tiles.contiguous(memory_format=memory))
        with torch.inference_mode():
            standardized = (unit - self.mean) / self.std
            if self.inference["mode"] == "whole":
                inputs = F.interpolate(standardized, (self.size,) * 2, mode="bilinear", antialias=True)
                return F.interpolate(predict(inputs), unit.shape[2:], mode="bilinear")
            return sliding_window_inference(
                standardized,
                (self.size,) * 2,
                batch,
                lambda tiles: predict(tiles).softmax(1),
                overlap=self.inference["tileOverlap"],
                mode="gaussian",
            )

    def picture(self, path, out):
        if path.endswith(".dcm"):
            data = pydicom.dcmread(path)
            low = data.WindowCenter - data.WindowWidth / 2
            values = (data.pixel_array.astype(np.float32) - low) * (255 / data.WindowWidth) + 0.5
            image = Image.fromarray(values.clip(0, 255).astype(np.uint8))
        else:
            image = Image.open(path).convert("L")
        width, height = self.form["width"], self.form["height"]
        factor = min(width / image.width, height / image.height)
        inner = (max(round(image.width * factor), 1), max(round(image.height * factor), 1))
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        framed = np.zeros((height, width), np.uint8)
        framed[top : top + inner[1], left : left + inner[0]] = image.resize(inner, Image.BICUBIC)
        unit = torch.from_numpy(framed)[None, None].float() / 255
        scores = self.scores(unit)[..., top : top + inner[1], left : left + inner[0]]
        with torch.inference_mode():
            # Borders between the pixels of the small picture, as ours; of one class the difference to the background.
            margin = F.interpolate(scores[:, 1:] - scores[:, :1], image.size[::-1], mode="bilinear")
            mask = Image.fromarray((margin[0, 0] > 0).to(torch.uint8).numpy())
        mask.putpalette([0, 0, 0, 230, 159, 0])
        mask.save(out, compress_level=1)

    def volume(self, path, out):
        image = nibabel.load(path)
        # From RAS to rows from front to back, columns from the patient's right to the left.
        values = np.asarray(image.dataobj)[::-1, ::-1].transpose(2, 1, 0)
        labels = np.empty(values.shape, np.uint8)
        for start in range(0, len(values), 4):
            some = torch.from_numpy(values[start : start + 4].astype(np.float32))[:, None]
            unit = ((some - HU_LOW) / (HU_HIGH - HU_LOW)).clamp(0, 1)
            labels[start : start + 4] = self.labels(unit).numpy()
        mask = nibabel.Nifti1Image(labels.transpose(2, 1, 0)[::-1, ::-1], image.affine)
        nibabel.save(mask, out)


work = None


def prepare(run, threads):
    global work
    work = Work(run, threads)
    memory = {torch.contiguous_format: "contiguous", torch.channels_last: "channels last"}[work.manner[0]]
    tiles = "" if work.inference["mode"] == "whole" else f", {work.manner[1]} tiles"
    return {"manner": memory + tiles}


def steps(files, out):
    start, cpu_start = time.perf_counter(), time.process_time()
    for file in files:
        name = Path(file).name.split(".")[0]
        if file.endswith(".nii.gz"):
            work.volume(file, str(Path(out, f"{name}.nii.gz")))
        else:
            work.picture(file, str(Path(out, f"{name}.png")))
    return {"seconds": time.perf_counter() - start, "cpuSeconds": time.process_time() - cpu_start}


def memory():
    return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


serve(prepare=prepare, steps=steps, memory=memory)
