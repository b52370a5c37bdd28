"""What TensorBoard reads in folders of event files, as JSON: for each folder its scalars and images, by tag.

    python3 -m pip install tensorboard==2.21.0
    python3 tensorboard.py FOLDER...
"""

import json
import logging
import sys

# Python looks for modules beside the script first, and this one is called like the package.
sys.path.pop(0)

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402

# It tells of every session that replaces steps of the one before.
logging.getLogger("tensorboard").setLevel(logging.ERROR)


def read(folder):
    accumulator = EventAccumulator(folder, size_guidance={"scalars": 0, "images": 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    return {
        "scalars": {tag: [[event.step, event.value] for event in accumulator.Scalars(tag)] for tag in tags["scalars"]},
        "images": {
            tag: [[event.step, event.width, event.height, event.encoded_image_string.hex()] for event in accumulator.Images(tag)]
            for tag in tags["images"]
        },
    }


print(json.dumps([read(folder) for folder in sys.argv[1:]]))
