"""Sliding-window inference in PyTorch with MONAI, of the same networks with the same weights: ours/theirs of inference.ts.

An honest best: inference mode, and of plain and channels-last memory and of several batches of tiles those that are
fastest on this machine.
"""
import resource
import time

import torch
from monai.inferers import sliding_window_inference
from safetensors.torch import load_file

from peers.segmenters import HybridUNet, UNet
from serve import serve


class Work:
    def __init__(self, settings):
        torch.set_num_threads(settings["threads"])
        tensors = load_file(settings["stateFile"])
        self.images = tensors.pop("images")
        network = {"unet": UNet, "hybrid": HybridUNet}[settings["head"]]
        self.network = network(settings["numClasses"] + 1, tile=settings["tile"], **settings["encoder"])
        self.network.load_state_dict(tensors)
        self.network.eval()
        self.settings = settings
        self.manner = ("contiguous", 16)
        manners = [(memory, batch) for memory in ("contiguous", "channels last") for batch in (1, 4, 16)]
        self.manner = min(manners, key=self.seconds)

    def seconds(self, manner):
        self.run(manner)
        start = time.perf_counter()
        self.run(manner)
        return time.perf_counter() - start

    def run(self, manner):
        memory, batch = manner
        layout = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}[memory]
        self.network.to(memory_format=layout)
        predict = lambda tiles: self.network(tiles.contiguous(memory_format=layout)).softmax(1)
        size = (self.settings["tile"],) * 2
        with torch.inference_mode():
            return sliding_window_inference(
                self.images, size, batch, predict, overlap=self.settings["overlap"], mode="gaussian"
            )


work = None


def prepare(**settings):
    global work
    work = Work(settings)
    return {"manner": f"{work.manner[0]}, {work.manner[1]} tiles"}


def samples(every):
    return {"values": work.run(work.manner).flatten()[::every].tolist()}


def steps(count):
    start, cpu_start = time.perf_counter(), time.process_time()
    for _ in range(count):
        work.run(work.manner)
    return {"seconds": (time.perf_counter() - start) / count, "cpuSeconds": (time.process_time() - cpu_start) / count}


def memory():
    return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


serve(prepare=prepare, samples=samples, steps=steps, memory=memory)
