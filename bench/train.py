"""One measurement of PyTorch for bench/train.ts: prints seconds of each step and the peak memory."""
import json
import resource
import sys
import time

import torch

from slm import SLM, add_lora

kind, steps, dropout, threads = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
WARMUP = 2
torch.set_num_threads(threads)
torch.manual_seed(1)
config = dict(vocab_size=50257, block_size=256, n_layer=4, n_head=6, n_embed=384, dropout=dropout, bias=False)
model = SLM(config)
if kind == "lora":
    add_lora(model, 8, 16)
trainable = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(trainable, lr=1e-4, weight_decay=0.0)
tokens = torch.randint(0, 50257, (100_000,))
seconds = []
for step in range(WARMUP + steps):
    starts = torch.randint(0, len(tokens) - 257, (4,))
    x = torch.stack([tokens[s : s + 256] for s in starts])
    y = torch.stack([tokens[s + 1 : s + 257] for s in starts])
    began = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    _, loss = model(x, y)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trainable, 1.0)
    optimizer.step()
    loss = loss.item()
    if step >= WARMUP:
        seconds.append(time.perf_counter() - began)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps(dict(seconds=seconds, loss=loss, peakBytes=peak)))
