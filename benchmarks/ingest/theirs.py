"""theirs.py SOURCE STORE xray|ct WORKERS: an ingest as one would write it in Python: a pool of two processes over Pillow, pydicom with pylibjpeg, and nibabel.

For every file: SHA-256, decode, what its numbers mean (HU, or 8 bits), fitted to the recipe's frame; of each picture
SHA-256, sums, extremes and a perceptual hash; pixels into one memory-mapped .npy, facts into SQLite, unreadable files
into a quarantine table, what the archive's table says beside each picture. A file whose hash is known is not decoded
again. Not done: the search for writing at the borders of films, the notes of which file is unchanged since when, and
commits that bring the pixels to the disk before the rows.

The processes are forked with the array mapped, so that no pixels are pickled; statistics go through float64 dot products
rather than reductions over small integers, which is what numpy is fastest at.
"""
import csv
import gzip
import hashlib
import io
import json
import os
import re
import resource
import sqlite3
import sys
from multiprocessing import get_context
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from nibabel.orientations import apply_orientation, axcodes2ornt, io_orientation, ornt_transform
from PIL import Image

RECIPES = {
    "xray": {"size": 320, "dtype": np.uint8, "background": 0},
    "ct": {"size": 512, "dtype": np.int16, "background": -1024},
}
TO_LPS = axcodes2ornt("LPS")

recipe = None
rows = None
known_hashes = frozenset()


# Decoding: bytes to planes [D, H, W] in the recipe's numbers, and what the catalog keeps of the file.


def decode(path, data):
    if path.name.endswith((".nii.gz", ".nii")):
        return decode_nifti(path, data)
    if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
        return decode_picture(data)
    return decode_dicom(data)


def decode_picture(data):
    with Image.open(io.BytesIO(data)) as image:
        if image.mode == "I;16":
            # DeepLesion's convention: HU + 32768.
            plane = (np.asarray(image).astype(np.int32) - 32768).astype(np.int16)
        else:
            plane = np.asarray(resized(image if image.mode == "L" else image.convert("L")))
    return plane[np.newaxis], {}


def resized(image):
    """Short side to the recipe's size."""
    scale = recipe["size"] / min(image.size)
    if scale == 1:
        return image
    return image.resize([round(side * scale) for side in image.size], Image.Resampling.BICUBIC)


def decode_dicom(data):
    dataset = pydicom.dcmread(io.BytesIO(data))
    stored = dataset.pixel_array
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    if slope == 1 and intercept.is_integer():
        plane = (stored.astype(np.int32) + int(intercept)).clip(-32768, 32767).astype(np.int16)
    else:
        plane = (stored * slope + intercept).round().clip(-32768, 32767).astype(np.int16)
    facts = {
        "patient": str(dataset.PatientID),
        "study": str(dataset.StudyInstanceUID),
        "series": str(dataset.SeriesInstanceUID),
        "orientation": [float(value) for value in dataset.ImageOrientationPatient],
        "position": [float(value) for value in dataset.ImagePositionPatient],
        "spacing": [float(value) for value in dataset.PixelSpacing],
    }
    return plane[np.newaxis], facts


def decode_nifti(path, data):
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(data) if path.suffix == ".gz" else data)
    volume = np.asanyarray(image.dataobj)
    turned = apply_orientation(volume, ornt_transform(io_orientation(image.affine), TO_LPS))
    if turned.dtype != np.int16:
        turned = turned.round().clip(-32768, 32767).astype(np.int16)
    spacing = [float(value) for value in image.header.get_zooms()[:3]]
    return turned.transpose(2, 1, 0), {"spacing": spacing, "patient": path.name.split(".")[0]}


# From a plane to its row and the numbers that the catalog keeps.


def fit(plane):
    """Centered in the frame: cut where it is larger, filled up where it is smaller."""
    size = recipe["size"]
    if plane.shape == (size, size):
        return plane
    for axis in (0, 1):
        surplus = plane.shape[axis] - size
        if surplus > 0:
            plane = plane.take(range(surplus // 2, surplus // 2 + size), axis=axis)
    framed = np.full((size, size), recipe["background"], plane.dtype)
    top, left = ((size - side) // 2 for side in plane.shape)
    framed[top : top + plane.shape[0], left : left + plane.shape[1]] = plane
    return framed


def measure(plane):
    """Hash; dHash: whether each of 8 x 8 cells is brighter than its right neighbor; sums of values and squares; extremes."""
    values = plane.astype(np.float64)
    flat = values.reshape(-1)
    edges = [np.arange(cells) * side // cells for cells, side in zip((8, 9), plane.shape)]
    sums = np.add.reduceat(np.add.reduceat(values, edges[0], axis=0), edges[1], axis=1)
    means = sums / np.diff(np.append(edges[1], plane.shape[1]))
    bits = np.packbits(means[:, :-1] > means[:, 1:])
    sums = float(flat.sum()), float(flat @ flat), int(plane.min()), int(plane.max())
    return hashlib.sha256(plane).hexdigest(), bits.tobytes().hex(), *sums


def process(task):
    """Reads one file into its rows of the mapped array; returns what the catalog is told."""
    path, first_row, num_rows = task
    try:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest in known_hashes:
            return path, digest, None, None, "unchanged"
        planes, facts = decode(path, data)
        if len(planes) != num_rows:
            raise ValueError(f"expected {num_rows} pictures, got {len(planes)}")
        cases = []
        for i, plane in enumerate(planes):
            if plane.min() == plane.max():
                raise ValueError("every pixel has the same value")
            row = first_row + i
            framed = np.ascontiguousarray(fit(plane))
            rows[row] = framed
            cases.append((row, *plane.shape, *measure(framed)))
        return path, digest, cases, facts, None
    except Exception as error:  # whatever a broken file causes: it must not stop the rest
        return path, None, None, None, f"{type(error).__name__}: {error}"


# The catalog, in the parent process alone.

SCHEMA = """
CREATE TABLE cases (id TEXT PRIMARY KEY, patient TEXT, study TEXT, series TEXT, slice INTEGER, spacing TEXT, split TEXT,
  projection TEXT, location TEXT, row INTEGER, height INTEGER, width INTEGER, pixel_hash TEXT, dhash TEXT,
  pixel_sum REAL, pixel_square_sum REAL, low INTEGER, high INTEGER, file TEXT);
CREATE TABLE files (hash TEXT PRIMARY KEY, file TEXT);
CREATE TABLE quarantine (file TEXT PRIMARY KEY, reason TEXT);
"""


def is_picture(path):
    return path.is_file() and not path.name.startswith(".") and path.suffix.lower() not in (".csv", ".json", ".txt")


def pictures_in(path):
    """How many rows a file will need, from its header."""
    if not path.name.endswith((".nii.gz", ".nii")):
        return 1
    return nibabel.load(path).shape[2]


def read_tables(source):
    """What the archive's table says of each file, by its path below the archive, or of its series."""
    facts = {}
    if (source / "train.csv").exists():
        with open(source / "train.csv", newline="") as file:
            for row in csv.DictReader(file):
                facts[row["Path"].split("/", 1)[1]] = {"projection": row["AP/PA"], "split": "train"}
    if (source / "DL_info.csv").exists():
        with open(source / "DL_info.csv", newline="") as file:
            for row in csv.DictReader(file):
                facts[f"Images_png/{row['File_name'][:12]}"] = {
                    "spacing": row["Spacing_mm_px_"],
                    "location": row["Normalized_lesion_location"],
                    "split": {"1": "train", "2": "validation", "3": "test"}[row["Train_Val_Test"]],
                }
    return facts


def names_in(path):
    """Patient and study as archives name them in paths: patient00001/study1, 000001_01_01."""
    patient, study = re.search(r"patient\d+", path), re.search(r"study\d+", path)
    series = re.search(r"(\d{6})_(\d\d)_\d\d", path)
    if series:
        return {"patient": series[1], "study": series[2], "series": series[0]}
    return {"patient": patient[0], "study": study and study[0]} if patient else {}


def store_cases(database, name, path, cases, facts):
    known = [facts.get(key) for key in ("patient", "study", "series")]
    told = [str(facts.get("spacing")), *(facts.get(key) for key in ("split", "projection", "location"))]
    database.executemany(
        f"INSERT OR REPLACE INTO cases VALUES ({', '.join('?' * 19)})",
        [(f"{name}/{i}", *known, i, *told, *measured, str(path)) for i, measured in enumerate(cases)],
    )


def sort_series(database, places):
    """Numbers the slices of each DICOM series along its normal; returns how many series have gaps or doubled places."""
    uneven = 0
    for members in places.values():
        normal = np.cross(members[0][1][:3], members[0][1][3:])
        heights = np.array([np.dot(normal, position) for _, _, position in members])
        order = np.argsort(heights)
        steps = np.diff(heights[order])
        uneven += bool(len(steps) and (steps.min() <= 0 or steps.max() > 1.5 * np.median(steps)))
        database.executemany(
            "UPDATE cases SET slice = ? WHERE id = ?", [(i, members[k][0]) for i, k in enumerate(order.tolist())]
        )
    return uneven


def ingest(source, store, recipe_name, workers):
    global recipe, rows, known_hashes
    recipe = RECIPES[recipe_name]
    store.mkdir(parents=True)
    files = sorted(path for path in source.rglob("*") if is_picture(path))
    tables = read_tables(source)
    tasks, total = [], 0
    for path in files:
        count = pictures_in(path)
        tasks.append((path, total, count))
        total += count
    shape = (total, recipe["size"], recipe["size"])
    rows = np.lib.format.open_memmap(store / "images.npy", mode="w+", dtype=recipe["dtype"], shape=shape)
    database = sqlite3.connect(store / "catalog.sqlite")
    database.executescript(SCHEMA)
    known_hashes = {digest for (digest,) in database.execute("SELECT hash FROM files")}
    stored, refused, places, pending = 0, 0, {}, 0
    chunk = 1 if total > len(files) else 16
    with get_context("fork").Pool(workers) as pool:
        for path, digest, cases, facts, reason in pool.imap_unordered(process, tasks, chunksize=chunk):
            if digest is None:
                database.execute("INSERT OR REPLACE INTO quarantine VALUES (?, ?)", (str(path), reason))
                refused += 1
            elif cases is not None:
                new = database.execute("INSERT OR IGNORE INTO files VALUES (?, ?)", (digest, str(path))).rowcount
                name = str(path.relative_to(source))
                facts = names_in(name) | tables.get(name, tables.get(os.path.dirname(name), {})) | facts
                if new:
                    store_cases(database, name, path, cases, facts)
                    stored += len(cases)
                if "position" in facts:
                    place = (f"{name}/0", facts["orientation"], facts["position"])
                    places.setdefault(facts["series"], []).append(place)
            pending += 1
            if pending % 64 == 0:
                database.commit()
    uneven = sort_series(database, places)
    rows.flush()
    database.commit()
    database.close()
    return {"stored": stored, "quarantined": refused, "unevenSeries": uneven}


def cpu_seconds():
    """Of this process and of those that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    source, store, recipe_name, workers = sys.argv[1:]
    result = ingest(Path(source), Path(store), recipe_name, int(workers))
    print(json.dumps(result | {"cpuSeconds": cpu_seconds()}))
