"""ttml as a device of Weightroom: fills a model of ttml's, runs it on a Tenstorrent chip, reads it back.

    python ttmlDevice.py serve

Requests come as lines of JSON, until there are no more; each is answered by a line with an `error` or
without one. The first names the model's class and settings as ttml has them, and is answered with the
shapes of its parameters; the next one fills them from a safetensors file. Later ones bring ids and ask
for what parameters hold, logits, what modules gave, or gradients, which are written to a file that the
request names. Needs ttml with ttnn and NumPy; reads and writes only these files.
"""
import gc
import json
import os
import signal
import struct
import sys
from math import prod

TILE = 32
NAMES = {"F32": "<f4", "I64": "<i8"}


def read_tensors(np, path):
    """Every tensor of a safetensors file, float32 or int64."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    return {
        name: np.frombuffer(data, NAMES[entry["dtype"]], prod(entry["shape"]), entry["data_offsets"][0]).reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def write_tensors(np, path, tensors):
    header, pieces, at = {}, [], 0
    for name, tensor in tensors.items():
        piece = np.ascontiguousarray(tensor, dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + len(piece)]}
        pieces.append(piece)
        at += len(piece)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for piece in pieces:
            file.write(piece)


class OnDevice:
    """A model of ttml's on the first chip, while it is open."""

    def __init__(self):
        import numpy
        import ttml
        import ttnn

        self.np, self.ttml, self.ttnn = numpy, ttml, ttnn
        self.context = ttml.autograd.AutoContext.get_instance()
        self.model = self.wanted = self.filled = None

    def __enter__(self):
        self.context.open_device([1, 1], [])
        return self

    def __exit__(self, *_):
        self.clear()  # what lies in the chip's memory must be gone before it is closed
        self.context.close_device()

    def clear(self):
        self.model = None
        self.context.reset_graph()
        gc.collect()

    def build(self, wanted):
        from dataclasses import fields

        self.wanted = wanted
        home, config_name, class_name = {
            "llama": ("llama", "LlamaConfig", "Llama"),
            "gpt2": ("nanogpt", "NanoGPTConfig", "NanoGPT"),
        }[wanted["family"]]
        module = getattr(self.ttml.models, home, None)
        if not hasattr(module, class_name):
            raise RuntimeError(f"this ttml has no ttml.models.{home}.{class_name}: install a version whose models are Python modules")
        config = getattr(module, config_name)
        settings = dict(wanted["settings"])
        tying = self.ttml.models.WeightTyingType
        settings["weight_tying"] = tying.Enabled if wanted["tied"] else tying.Disabled
        if wanted.get("ropeScaling"):
            settings["rope_scaling"] = module.LlamaRopeScalingConfig(**wanted["ropeScaling"])
        unknown = sorted(set(settings) - {field.name for field in fields(config)} - {"weight_tying"})
        if unknown:
            raise RuntimeError(f"this ttml's {config_name} has no {', '.join(unknown)}")
        known = {name: value for name, value in settings.items() if name in {field.name for field in fields(config)}}
        self.model = getattr(module, class_name)(config(**known))
        self.model.eval()
        for path in self.paths():
            part = self.at(path)
            if hasattr(part, "epsilon"):
                part.epsilon = wanted["epsilon"]

    def paths(self):
        """Of the modules that hold a parameter, and of those around them."""
        names = [name.split("/")[1:-1] for name in self.model.parameters()]
        return sorted({"/".join(parts[:n]) for parts in names for n in range(1, len(parts) + 1)})

    def at(self, path):
        part = self.model
        for step in path.split("/"):
            part = part[int(step)] if step.isdigit() else getattr(part, step)
        return part

    def tensor(self, array, dtype, tiled=True):
        layout = self.ttnn.Layout.TILE if tiled else self.ttnn.Layout.ROW_MAJOR
        return self.ttml.autograd.Tensor.from_numpy(array, layout=layout, new_type=dtype)

    def array(self, tensor):
        return self.np.asarray(tensor.to_numpy(new_type=self.ttnn.DataType.FLOAT32), dtype="<f4")

    def gradient(self, tensor):
        return self.ttml.autograd.create_tensor(tensor.get_grad())

    def fill(self, tensors):
        self.filled = tensors
        parameters = self.model.parameters()
        for name in parameters:
            array = self.np.ascontiguousarray(tensors[name], dtype=self.np.float32)
            parameters[name].set_value(self.tensor(array, self.ttnn.DataType.BFLOAT16).get_value())

    def renew(self):
        """The model as it was filled, with no gradient of before."""
        self.clear()
        self.build(self.wanted)
        self.fill(self.filled)

    def forward(self, ids, watched):
        """Logits of whole tiles of columns; what the watched modules took (`into/`) and gave (`of/`)."""
        np = self.np
        batch, time = ids.shape
        columns = -(-time // TILE) * TILE
        padded = np.zeros((batch, 1, 1, columns), dtype=np.uint32)
        padded[:, 0, 0, :time] = ids
        sight = np.tril(np.ones((columns, columns), dtype=np.float32)).reshape(1, 1, columns, columns)
        given = {}

        def watch(path):
            part = self.at(path)
            forward = part.forward

            def keeping(taken, *args, **kwargs):
                given["into/" + path] = taken
                given["of/" + path] = forward(taken, *args, **kwargs)
                return given["of/" + path]

            part.__dict__["forward"] = keeping

        for path in watched:
            watch(path)
        try:
            logits = self.model(
                self.tensor(padded, self.ttnn.DataType.UINT32, tiled=False),
                self.tensor(sight, self.ttnn.DataType.BFLOAT16),
            )
        finally:
            for path in watched:
                self.at(path).__dict__.pop("forward", None)
        return logits, given

    def rows(self, tensor, batch, time):
        """Of [batch, 1, columns, width] those that stand for tokens, [batch · time, width]."""
        array = self.array(tensor)
        array = array.reshape(batch, -1, array.shape[-1])[:, :time]
        return array.reshape(batch * time, array.shape[-1])

    def seed(self, logits, targets, vocabulary):
        """The loss, and its gradient by the logits: mean cross-entropy of the targets that are not -1."""
        np = self.np
        batch, time = targets.shape
        scores = self.array(logits)
        seed = np.zeros_like(scores)
        rows = scores.reshape(batch, -1, scores.shape[-1])[:, :time, :vocabulary].astype(np.float64)
        counted = targets >= 0
        rows = rows - rows.max(-1, keepdims=True)
        shares = np.exp(rows)
        sums = shares.sum(-1, keepdims=True)
        expected = np.where(counted, targets, 0)[..., None]
        losses = np.log(sums[..., 0]) - np.take_along_axis(rows, expected, -1)[..., 0]
        slope = shares / sums
        np.put_along_axis(slope, expected, np.take_along_axis(slope, expected, -1) - 1, -1)
        slope *= counted[..., None] / counted.sum()
        seed.reshape(batch, -1, scores.shape[-1])[:, :time, :vocabulary] = slope
        return float(losses[counted].mean()), seed


def answer(device, request):
    """Arrays only: what lies on the chip goes when this returns."""
    np = device.np
    if "model" in request:
        device.build(request["model"])
        parameters = device.model.parameters()
        return {name: np.array(parameters[name].shape(), dtype=np.float32) for name in parameters}
    tensors = read_tensors(np, request["tensors"])
    if "targets" in tensors:
        return gradients(device, request, tensors)
    if request["fill"]:
        device.fill(tensors)
    parameters = device.model.parameters()
    results = {name: device.array(parameters[name]) for name in request["readBack"]}
    if "ids" not in tensors:
        return results
    ids = tensors["ids"]
    device.context.set_gradient_mode(device.ttml.autograd.GradMode.DISABLED)
    logits, given = device.forward(ids, watched(request))
    rows = device.rows(logits, *ids.shape)
    results["logits"] = rows[tensors["rows"]] if "rows" in tensors else rows
    for name in request["values"]:
        results[name] = device.rows(given[name], *ids.shape)
    return results


def gradients(device, request, tensors):
    ids, targets = tensors["ids"], tensors["targets"]
    device.renew()
    parameters = device.model.parameters()
    device.context.set_gradient_mode(device.ttml.autograd.GradMode.ENABLED)
    logits, given = device.forward(ids, watched(request))
    loss, seed = device.seed(logits, targets, request["vocabulary"])
    logits.set_grad(device.tensor(seed, device.ttnn.DataType.BFLOAT16).get_value())
    logits.backward(False)
    results = {"loss": device.np.array([loss], dtype=device.np.float32)}
    for name in parameters:
        results["grad/" + name] = device.array(device.gradient(parameters[name]))
    for name in request["values"]:
        results[name] = device.rows(device.gradient(given[name]), *ids.shape)
    return results


def watched(request):
    return {name.split("/", 1)[1] for name in request["values"]}


def serve():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks says when it is over
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no reply
    with OnDevice() as device:
        for line in sys.stdin:
            request = json.loads(line)
            try:
                write_tensors(device.np, request["out"], answer(device, request))
                reply = {}
            except Exception as error:
                reply = {"error": f"{type(error).__name__}: {error}"}
            device.context.reset_graph()
            print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    serve()
