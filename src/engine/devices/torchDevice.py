"""PyTorch as a device of Weightroom: runs graphs operator by operator, or says what is installed.

    python torchDevice.py probe
    python torchDevice.py serve

Served requests come as lines of JSON, until there are no more; each is answered by a line with an
`error` or without one. A request names a safetensors file with weights, constants and feeds, which are
kept for later ones if it says `hold`; the nodes in an order that can run; the values that are wanted
and the file to write them to. Gradients are PyTorch's own, by autograd. Needs torch and nothing else;
reads and writes only the files it is told.
"""
import json
import os
import signal
import struct
import sys
from math import prod

NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32", "U8": "uint8", "BOOL": "bool"}


def read_tensors(torch, path):
    """Every tensor of a safetensors file."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        dtype = getattr(torch, NAMES[entry["dtype"]])
        if end == start:
            tensors[name] = torch.empty(entry["shape"], dtype=dtype)
            continue
        flat = torch.frombuffer(data, dtype=dtype, count=prod(entry["shape"]), offset=start)
        tensors[name] = flat.reshape(entry["shape"]).clone()
    return tensors


def write_tensors(torch, path, tensors):
    """Widest elements first, so that each is aligned to its own type."""
    kinds = {getattr(torch, name): kind for kind, name in NAMES.items()}
    ordered = sorted(tensors.items(), key=lambda item: -item[1].element_size())
    header, pieces, at = {}, [], 0
    for name, tensor in ordered:
        tensor = tensor.detach().cpu().contiguous()
        raw = tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor
        piece = raw.numpy().tobytes()
        header[name] = {"dtype": kinds[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(piece)]}
        pieces.append(piece)
        at += len(piece)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for piece in pieces:
            file.write(piece)


def operators(torch):
    """What each operator of the graph is in PyTorch: (inputs, attributes) → outputs."""
    F = torch.nn.functional

    def gemm(x, a):
        left = x[0].t() if a.get("transA") else x[0]
        right = x[1].t() if a.get("transB") else x[1]
        y = a.get("alpha", 1) * (left @ right)
        return y + a.get("beta", 1) * x[2] if len(x) > 2 else y

    def fused_matmul(x, a):
        left = x[0].transpose(-1, -2) if a.get("transA") else x[0]
        right = x[1].transpose(-1, -2) if a.get("transB") else x[1]
        return a.get("alpha", 1) * (left @ right)

    def rms_norm(x, a):
        scale = torch.rsqrt(x[0].pow(2).mean(-1, keepdim=True) + a["epsilon"])
        return x[0] * scale * x[1]

    def layer_norm(x, a):
        return F.layer_norm(x[0], x[0].shape[-1:], x[1], x[2] if len(x) > 2 else None, a["epsilon"])

    def rotary(x, a):
        heads, at, cos, sin = x
        time = heads.shape[-2]
        if at.numel() == 1:
            rows = (at.reshape(1) + torch.arange(time, device=at.device)).reshape(1, time)
        else:
            rows = at
        c, s = cos[rows].unsqueeze(1), sin[rows].unsqueeze(1)
        if a.get("interleaved"):
            first, second = heads[..., 0::2], heads[..., 1::2]
            return torch.stack((first * c - second * s, second * c + first * s), -1).reshape(heads.shape)
        first, second = heads.chunk(2, -1)
        return torch.cat((first * c - second * s, second * c + first * s), -1)

    def cut(x, a):
        y = x[0]
        for start, end, axis in zip(x[1].tolist(), x[2].tolist(), x[3].tolist()):
            y = y.narrow(axis, start, min(end, y.shape[axis]) - start)
        return y

    return {
        "Add": lambda x, a: x[0] + x[1],
        "Sub": lambda x, a: x[0] - x[1],
        "Mul": lambda x, a: x[0] * x[1],
        "Cast": lambda x, a: x[0].to({1: torch.float32, 10: torch.float16, 16: torch.bfloat16}[a["to"]]),
        "Concat": lambda x, a: torch.cat(x, a["axis"]),
        "FastGelu": lambda x, a: F.gelu(x[0], approximate="tanh"),
        "FusedMatMul": fused_matmul,
        "Gather": lambda x, a: x[0][x[1]],
        "Gelu": lambda x, a: F.gelu(x[0]),
        "Gemm": gemm,
        "Identity": lambda x, a: x[0].clone(),
        "LayerNormalization": layer_norm,
        "MatMul": lambda x, a: x[0] @ x[1],
        "QuickGelu": lambda x, a: x[0] * torch.sigmoid(a["alpha"] * x[0]),
        "Reshape": lambda x, a: x[0].reshape(x[1].tolist()),
        "RotaryEmbedding": rotary,
        "SimplifiedLayerNormalization": rms_norm,
        "Slice": cut,
        "Softmax": lambda x, a: torch.softmax(x[0], a["axis"]),
        "Split": lambda x, a: torch.split(x[0], x[1].tolist(), a["axis"]),
        "Transpose": lambda x, a: x[0].permute(a["perm"]),
    }


def run(torch, request, held):
    """Answers a request. `held` is what former ones left on the device, by name."""
    device = torch.device(request["device"])
    given = {name: tensor.to(device) for name, tensor in read_tensors(torch, request["tensors"]).items()}
    if request["hold"]:
        held.update(given)
    values = {**held, **given}
    for name in request["parameters"]:
        values[name] = values[name].detach().requires_grad_()
    wanted = set(request["values"])
    table = operators(torch)
    with torch.set_grad_enabled(request["gradients"]):
        for node in request["nodes"]:
            outputs = table[node["op"]]([values[name] for name in node["inputs"]], node["attributes"])
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            values.update(zip(node["outputs"], outputs))
            for name in wanted.intersection(node["outputs"]):
                values[name].retain_grad()
    results = {name: values[name] for name in request["fetch"]}
    if request["gradients"]:
        logits, targets = values[request["logits"]], values["targets"]
        loss = torch.nn.functional.cross_entropy(
            logits.reshape(-1, logits.shape[-1]), targets.reshape(-1), ignore_index=-1
        )
        loss.backward()
        results["loss"] = loss.reshape(1)
        for name in [*request["parameters"], *wanted]:
            results["grad/" + name] = values[name].grad
    write_tensors(torch, request["out"], results)


def serve():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks says when it is over
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no reply
    import torch

    held = {}
    for line in sys.stdin:
        try:
            run(torch, json.loads(line), held)
            reply = {}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


def probe():
    facts = {"python": sys.version.split()[0], "executable": sys.executable}
    try:
        import torch

        facts["torch"] = torch.__version__
        facts["threads"] = torch.get_num_threads()
        mps = getattr(torch.backends, "mps", None)
        facts["accelerators"] = {
            "cuda": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
            "mps": ["Apple GPU"] if mps and mps.is_available() else [],
        }
    except Exception as error:  # a broken installation raises anything
        facts["torchError"] = f"{type(error).__name__}: {error}"
    try:
        import ttml

        facts["ttml"] = getattr(ttml, "__version__", "installed")
    except Exception as error:
        facts["ttmlError"] = f"{type(error).__name__}: {error}"
    print(json.dumps(facts))


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve()
    else:
        probe()
