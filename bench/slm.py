"""The SLM in PyTorch, eager, float32: the reference that the engine is measured and checked against."""
import json
import math
import struct

import torch
import torch.nn as nn
import torch.nn.functional as F


class LayerNorm(nn.Module):
    def __init__(self, width, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


def rotate(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.n_head, self.dropout = c["n_head"], c["dropout"]
        self.qkv = nn.Linear(c["n_embed"], 3 * c["n_embed"], bias=c["bias"])
        self.proj = nn.Linear(c["n_embed"], c["n_embed"], bias=c["bias"])

    def forward(self, x, cos, sin, mask):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.n_head, -1).transpose(1, 2) for t in self.qkv(x).split(C, dim=2))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        scores = (q @ k.transpose(-2, -1)) / math.sqrt(q.size(-1))
        weights = F.softmax(scores.masked_fill(mask, float("-inf")), dim=-1)
        weights = F.dropout(weights, self.dropout, self.training)
        return self.proj((weights @ v).transpose(1, 2).reshape(B, T, C))


class MLP(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.dropout = c["dropout"]
        self.fc = nn.Linear(c["n_embed"], 4 * c["n_embed"], bias=c["bias"])
        self.proj = nn.Linear(4 * c["n_embed"], c["n_embed"], bias=c["bias"])

    def forward(self, x):
        return F.dropout(self.proj(F.gelu(self.fc(x))), self.dropout, self.training)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.ln1, self.attn = LayerNorm(c["n_embed"], c["bias"]), Attention(c)
        self.ln2, self.mlp = LayerNorm(c["n_embed"], c["bias"]), MLP(c)

    def forward(self, x, *rotary):
        x = x + self.attn(self.ln1(x), *rotary)
        return x + self.mlp(self.ln2(x))


class SLM(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.dropout = c["dropout"]
        self.token_emb = nn.Embedding(c["vocab_size"], c["n_embed"])
        self.blocks = nn.ModuleList(Block(c) for _ in range(c["n_layer"]))
        self.ln_f = LayerNorm(c["n_embed"], c["bias"])
        half = c["n_embed"] // c["n_head"] // 2
        angles = torch.outer(torch.arange(c["block_size"]).float(), 10000 ** (-torch.arange(half) / half))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        n = c["block_size"]
        self.register_buffer("mask", torch.ones(n, n).triu(1).bool(), persistent=False)
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02)

    def forward(self, idx, targets=None):
        T = idx.size(1)
        x = F.dropout(self.token_emb(idx), self.dropout, self.training)
        for block in self.blocks:
            x = block(x, self.cos[:T], self.sin[:T], self.mask[:T, :T])
        logits = F.linear(self.ln_f(x), self.token_emb.weight)
        if targets is None:
            return logits, None
        loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.reshape(-1), ignore_index=-1)
        return logits, loss


class LoRA(nn.Module):
    def __init__(self, linear, r, alpha):
        super().__init__()
        self.linear, self.scale = linear, alpha / r
        self.lora_A = nn.Parameter(torch.empty(r, linear.in_features))
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, r))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x):
        return self.linear(x) + self.scale * F.linear(F.linear(x, self.lora_A), self.lora_B)


def add_lora(model, r, alpha):
    for p in model.parameters():
        p.requires_grad_(False)
    for block in model.blocks:
        block.attn.qkv = LoRA(block.attn.qkv, r, alpha)
        block.attn.proj = LoRA(block.attn.proj, r, alpha)
        block.mlp.proj = LoRA(block.mlp.proj, r, alpha)
    return model


def save_safetensors(path, tensors):
    names = {torch.float32: "F32", torch.int64: "I64"}
    header, offset = {}, 0
    for name, t in tensors.items():
        size = t.numel() * t.element_size()
        header[name] = {"dtype": names[t.dtype], "shape": list(t.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for t in tensors.values():
            f.write(t.detach().contiguous().numpy().tobytes())
