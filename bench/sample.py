"""Choosing tokens as transformers does, by PyTorch; for bench/sample.ts."""

import json
import sys
import time

import torch

torch.set_num_threads(int(sys.argv[2]))


def choose(logits, temperature, top_k, top_p, alternatives):
    scores = logits / temperature
    if top_k > 0:
        scores = scores.masked_fill(scores < torch.topk(scores, top_k)[0][-1], -float("inf"))
    if top_p < 1:
        values, ids = torch.sort(scores, descending=False)
        cut = values.softmax(-1).cumsum(-1) <= 1 - top_p
        cut[-1] = False
        scores = scores.masked_fill(cut.scatter(0, ids, cut), -float("inf"))
    token = torch.multinomial(scores.softmax(-1), 1)
    if alternatives > 0:
        torch.topk((logits / temperature).softmax(-1), alternatives)
    return token


def main():
    torch.manual_seed(1)
    seconds = []
    for one in json.load(open(sys.argv[1])):
        logits = torch.frombuffer(bytearray(open(one["file"], "rb").read()), dtype=torch.float32)
        rules = [one[k] for k in ("temperature", "topK", "topP", "alternatives")]
        for _ in range(5):
            choose(logits, *rules)
        began = time.perf_counter()
        for _ in range(one["times"]):
            choose(logits, *rules)
        seconds.append((time.perf_counter() - began) / one["times"])
    print(json.dumps(seconds))


main()
