"""The metrics of `weightroom diff` by NumPy, over two safetensors files; for bench/diff.ts."""

import json
import struct
import sys
import time

import numpy as np

FLOOR = 1e-6


def tensors(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
    data = np.memmap(path, np.uint8, "r", 8 + size)
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            yield name, entry["dtype"], data[start:end]


def widened(dtype, raw):
    if dtype == "F32":
        return raw.view(np.float32)
    if dtype == "F16":
        return raw.view(np.float16).astype(np.float32)
    return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def places(x):
    bits = x.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def metrics(a, b):
    d = np.abs(a - b)
    size = np.abs(b)
    large = size > FLOOR
    rel = (d[large] / size[large]).max() if large.any() else 0
    x, y = a.astype(np.float64), b.astype(np.float64)
    e = x - y
    squares, length = e @ e, x @ x
    mx, my = x.mean(), y.mean()
    cx, cy = x - mx, y - my
    va, vb, c = cx @ cx, cy @ cy, cx @ cy
    ulp = np.abs(places(a) - places(b))
    return (
        d.max(), int(d.argmax()), rel,
        np.sqrt(squares / len(x)) / np.sqrt(va / len(x)),
        np.sqrt(squares / max(length, 1e-300)),
        (x @ y) / np.sqrt(max(length * (y @ y), 1e-300)),
        c / np.sqrt(max(va * vb, 1e-300)),
        2 * c / max(va + vb + len(x) * (mx - my) ** 2, 1e-300),
        np.percentile(ulp, [50, 99]), ulp.max(),
        [(d - t * size).max() for t in (1e-5, 1e-3, 1e-2)],
        (a.view(np.int32) == b.view(np.int32)).mean(),
        np.isnan(a).sum(), np.isnan(b).sum(), np.isinf(a).sum(), np.isinf(b).sum(),
    )  # fmt: skip


def main(left, right):
    began = time.perf_counter()
    with np.errstate(all="ignore"):
        rights = {name: (dtype, raw) for name, dtype, raw in tensors(right)}
        worst = max(
            metrics(widened(dtype, raw), widened(*rights[name]))[0]
            for name, dtype, raw in tensors(left)
        )
    print(json.dumps({"seconds": time.perf_counter() - began, "worst": float(worst)}))


main(sys.argv[1], sys.argv[2])
