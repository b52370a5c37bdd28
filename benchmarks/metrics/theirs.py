"""HD95 and NSD by MONAI, each from the masks on, as tensors [1, 1, D, H, W] in memory; one thread."""
import time
import warnings

import numpy as np
import torch
from monai.metrics import compute_hausdorff_distance, compute_surface_dice

from serve import serve

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
state = {}


def prepare(truth, prediction, shape, spacingMm, toleranceMm, **_):
    for name, path in (("truth", truth), ("prediction", prediction)):
        state[name] = torch.from_numpy(np.fromfile(path, np.uint8).reshape(1, 1, *shape)).bool()
    state["spacing"] = [float(mm) for mm in spacingMm]
    state["tolerance"] = toleranceMm
    return {}


def timed(metric):
    cpu, start = time.process_time(), time.perf_counter()
    value = metric(state["prediction"], state["truth"]).item()
    return {"value": value, "seconds": time.perf_counter() - start, "cpuSeconds": time.process_time() - cpu}


def hd95():
    return timed(
        lambda y_pred, y: compute_hausdorff_distance(
            y_pred, y, include_background=True, percentile=95, spacing=state["spacing"]
        )
    )


def nsd():
    return timed(
        lambda y_pred, y: compute_surface_dice(
            y_pred, y, [float(state["tolerance"])], include_background=True, spacing=state["spacing"]
        )
    )


if __name__ == "__main__":
    serve(prepare=prepare, hd95=hd95, nsd=nsd)
