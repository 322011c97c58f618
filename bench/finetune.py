"""One measurement of PyTorch for bench/finetune.ts: passes over examples of which the end is trained."""
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F

from slm import SLM, add_lora

kind, passes, threads, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
torch.manual_seed(1)
config = dict(vocab_size=50257, block_size=256, n_layer=4, n_head=6, n_embed=384, dropout=0.0, bias=False)
model = SLM(config)
if kind == "lora":
    add_lora(model, 8, 16)
trainable = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(trainable, lr=1e-4, weight_decay=0.0)


def example(i):
    length = 60 + i * 97 % 197
    return [(i * 7919 + t * 104729) % 50257 for t in range(length)]


examples = [example(i) for i in range(96)]
seconds = []
for _ in range(1 + passes):
    began = time.perf_counter()
    for at in range(0, len(examples), batch):
        rows = examples[at : at + batch]
        longest = max(map(len, rows)) - 1
        x = torch.zeros(len(rows), longest, dtype=torch.long)
        y = torch.full((len(rows), longest), -1)
        for r, ids in enumerate(rows):
            n = len(ids) - 1
            first = int(len(ids) * 0.7)
            x[r, :n] = torch.tensor(ids[:-1])
            y[r, first - 1 : n] = torch.tensor(ids[first:])
        optimizer.zero_grad(set_to_none=True)
        _, loss = model(x, y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trainable, 1.0)
        optimizer.step()
        loss = loss.item()
    seconds.append(time.perf_counter() - began)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps(dict(seconds=seconds[1:], loss=loss, peakBytes=peak)))
