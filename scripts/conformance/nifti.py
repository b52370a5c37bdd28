"""NIfTI files of every kind, what nibabel reads in them, and whether nibabel reads what we wrote.

    python3 -m pip install nibabel==5.4.2 numpy==2.4.6
    python3 nifti.py make FOLDER    writes files and manifest.json: for each its shape, affine and values (raw float64)
    python3 nifti.py check FOLDER   reads written.json and the files that it names, prints one JSON list of results
"""

import json
import pathlib
import sys

import nibabel as nib
import numpy as np

folder = pathlib.Path(sys.argv[2])
rng = np.random.default_rng(4)
entries = []


def note(group, path, kind=None):
    """What nibabel reads in a file; a file that it refuses has no values."""
    entry = {"group": group, "path": str(path)}
    entries.append(entry)
    try:
        image = nib.load(path) if kind is None else kind.from_filename(path)
        scaled = np.asanyarray(image.dataobj)
    except Exception as error:
        entry["refused"] = f"{type(error).__name__}: {error}"
        return
    if scaled.dtype.fields:
        scaled = np.stack([scaled[channel] for channel in scaled.dtype.names])
    values = folder / f"{len(entries)}.f64"
    (abs(scaled) if scaled.dtype.kind == "c" else scaled).astype("<f8").ravel(order="F").tofile(values)
    entry.update(values=str(values), shape=list(image.shape), affine=image.affine.ravel().tolist())


def affine_of(kind):
    q, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    if kind == "straight":
        q = np.eye(3)[rng.permutation(3)] * rng.choice([-1, 1], 3)
    matrix = q * rng.uniform(0.4, 6, 3)
    if kind == "sheared":
        matrix = matrix @ (np.eye(3) + np.triu(rng.uniform(-0.3, 0.3, (3, 3)), 1))
    affine = np.eye(4)
    affine[:3, :3] = matrix
    affine[:3, 3] = rng.uniform(-300, 300, 3)
    return affine


def values_of(dtype, shape):
    dtype = np.dtype(dtype)
    if dtype.fields:
        return rng.integers(0, 256, (*shape, 3), dtype="u1").view(dtype)[..., 0]
    if dtype.kind == "f":
        values = rng.standard_normal(shape) * 10.0 ** rng.integers(-20, 20, shape)
        values.ravel()[:3] = np.nan, np.inf, -np.inf
        return values.astype(dtype)
    ends = np.iinfo(dtype)
    return rng.integers(ends.min, ends.max, shape, dtype=dtype, endpoint=True)


def write(group, name, array, kind=nib.Nifti1Image, endianness="<", affine="oblique", form="sform", **fields):
    path = folder / name
    header = kind.header_class(endianness=endianness)
    header.set_data_dtype(array.dtype)
    image = kind(array, affine_of(affine), header)
    if form == "qform":
        image.set_qform(image.affine, 1)
        image.set_sform(None, 0)
    if form == "none":
        image.set_sform(None, 0)
        image.set_qform(None, 0)
    nib.save(image, path)
    if fields:
        data = bytearray(path.read_bytes())
        size = header.sizeof_hdr
        changed = kind.header_class(bytes(data[:size]), check=False)
        for field, value in fields.items():
            changed[field] = value
        data[:size] = changed.binaryblock
        path.write_bytes(data)
    note(group, path)


def make():
    rgb = np.dtype([(channel, "u1") for channel in "RGB"])
    tests = pathlib.Path(nib.__file__).parent / "tests" / "data"
    for path in sorted([*tests.glob("*.nii"), *tests.glob("*.nii.gz"), *tests.glob("*nifti*.hdr")]):
        note("nibabel's own", path, nib.Nifti2Image if ".dconn." in path.name else None)
    for version, kind in [(1, nib.Nifti1Image), (2, nib.Nifti2Image)]:
        for endianness, order in [("<", "little"), (">", "big")]:
            for dtype in ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", rgb]:
                name = f"{version}-{order}-{'rgb' if dtype is rgb else dtype}.nii.gz"
                write(f"NIfTI-{version}, {order}-endian", name, values_of(dtype, (5, 4, 3)), kind, endianness)
    small = values_of("i2", (5, 4, 3)) // 8
    for i in range(20):
        write("oblique", f"oblique-{i}.nii", small)
        write("sheared", f"sheared-{i}.nii", small, affine="sheared")
        write("permuted and flipped", f"straight-{i}.nii", small, affine="straight")
        write("qform only", f"qform-{i}.nii", small, form="qform", affine="straight" if i % 2 else "oblique")
    write("neither form", "none.nii", small, form="none")
    write("neither form", "none-2d.nii", small[..., 0], form="none")
    write("neither form", "none-zooms.nii", small, form="none", pixdim=[1, 0.7, 0.8, 5, 1, 1, 1, 1])
    for slope, inter in [(1, -1024), (1, 0), (2, 1), (0.1, 0), (-1.5, 3), (0, 5), (np.nan, 1), (np.inf, 0), (1e-30, 1e5)]:
        for dtype in ["u1", "i2", "u2", "i4", "f4", "f8"]:
            name = f"scaled-{slope}-{inter}-{dtype}.nii"
            write("scaled", name, values_of(dtype, (4, 3, 2)), scl_slope=slope, scl_inter=inter)
    write("scaled", "scaled-ct.nii", np.abs(small), scl_slope=1, scl_inter=-1024)
    for shape in [(7,), (7, 5), (7, 5, 1), (7, 5, 3, 1), (7, 5, 3, 4), (3, 2, 2, 3, 2), (3, 1, 1, 1, 1, 2, 3)]:
        write("1 to 7 axes", f"axes-{'x'.join(map(str, shape))}.nii.gz", values_of("i2", shape))
    for kind in [nib.Nifti1Pair, nib.Nifti2Pair]:
        for suffix in [".hdr", ".hdr.gz"]:
            write("header and image", f"pair-{kind.__name__}{suffix}", small, kind)
    for name, dtype in [("c8", "c8"), ("c16", "c16"), ("rgba", np.dtype([(channel, "u1") for channel in "RGBA"]))]:
        write("complex or transparent", f"{name}.nii", np.zeros((3, 2, 2), dtype))
    for entry in entries[-3:]:
        del entry["values"]
        entry["refused"] = "read, but no picture"
    write("large", "large.nii.gz", values_of("i2", (512, 512, 20)) // 64)
    (folder / "manifest.json").write_text(json.dumps(entries))


def check():
    results = []
    for written in json.loads((folder / "written.json").read_text()):
        image = nib.load(written["path"])
        stored = np.asanyarray(image.dataobj)
        if stored.dtype.fields:
            stored = np.stack([stored[channel] for channel in "RGB"])
        start, count = written["start"], written["count"]
        values = np.fromfile(written["values"], "<f8", count, offset=8 * start).astype(written["dtype"])
        affine = np.array(written["affine"]).reshape(4, 4).astype("f4")
        results.append(
            list(image.shape) == written["shape"]
            and stored.dtype == np.dtype(written["dtype"])
            and np.array_equal(stored.ravel(order="F"), values, equal_nan=stored.dtype.kind == "f")
            and np.array_equal(image.affine, affine.astype("f8"))
        )
    print(json.dumps([bool(result) for result in results]))


{"make": make, "check": check}[sys.argv[1]]()
