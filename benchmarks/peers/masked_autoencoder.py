"""The step of masked image modelling in PyTorch, as it is commonly written: timm's blocks, MAE's masking.

Needs nothing but PyTorch.
"""
import json
import resource
import time

import torch
import torch.nn.functional as F
from torch import nn

from serve import serve


class Attention(nn.Module):
    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, dim * 3)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        B, N, C = x.shape
        q, k, v = self.qkv(x).reshape(B, N, 3, self.num_heads, C // self.num_heads).permute(2, 0, 3, 1, 4).unbind(0)
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(B, N, C))


class Mlp(nn.Module):
    def __init__(self, dim, hidden_dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden_dim, dim)

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, dim, num_heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, num_heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim, 4 * dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, channels, patch_size, dim):
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, patch_size, patch_size)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Encoder(nn.Module):
    def __init__(self, num_patches, patch_size, dim, depth, num_heads):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, num_patches, dim), requires_grad=False)
        self.patch_embed = PatchEmbed(1, patch_size, dim)
        self.blocks = nn.ModuleList(Block(dim, num_heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)


class Decoder(nn.Module):
    def __init__(self, num_patches, encoder_dim, dim, depth, num_heads, num_values):
        super().__init__()
        self.embed = nn.Linear(encoder_dim, dim)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, num_patches, dim), requires_grad=False)
        self.blocks = nn.ModuleList(Block(dim, num_heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pred = nn.Linear(dim, num_values)


class MaskedAutoencoder(nn.Module):
    def __init__(self, settings):
        super().__init__()
        self.patch_size = patch_size = settings["patchSize"]
        num_patches = (settings["imageSize"] // patch_size) ** 2
        self.num_kept = round(num_patches * (1 - settings["maskRatio"]))
        self.variance_floor = settings["varianceFloor"]
        dim, depth, num_heads = (settings["encoder"][key] for key in ("embedDim", "depth", "numHeads"))
        self.encoder = Encoder(num_patches, patch_size, dim, depth, num_heads)
        decoder = (settings["decoder"][key] for key in ("embedDim", "depth", "numHeads"))
        self.decoder = Decoder(num_patches, dim, *decoder, patch_size**2)

    def patchify(self, images):
        p = self.patch_size
        n = images.shape[2] // p
        x = images.reshape(images.shape[0], n, p, n, p)
        return torch.einsum("nhpwq->nhwpq", x).reshape(images.shape[0], n * n, p * p)

    def random_masking(self, x, noise):
        N, L, D = x.shape
        ids_shuffle = torch.argsort(noise, dim=1)
        ids_restore = torch.argsort(ids_shuffle, dim=1)
        ids_keep = ids_shuffle[:, : self.num_kept]
        x_masked = torch.gather(x, dim=1, index=ids_keep.unsqueeze(-1).repeat(1, 1, D))
        mask = torch.ones([N, L], device=x.device)
        mask[:, : self.num_kept] = 0
        return x_masked, torch.gather(mask, dim=1, index=ids_restore), ids_restore

    def forward_encoder(self, images, noise):
        x = self.encoder.patch_embed(images) + self.encoder.pos_embed
        x, mask, ids_restore = self.random_masking(x, noise)
        for block in self.encoder.blocks:
            x = block(x)
        return self.encoder.norm(x), mask, ids_restore

    def forward_decoder(self, x, ids_restore):
        x = self.decoder.embed(x)
        mask_tokens = self.decoder.mask_token.repeat(x.shape[0], ids_restore.shape[1] - x.shape[1], 1)
        x = torch.cat([x, mask_tokens], dim=1)
        x = torch.gather(x, dim=1, index=ids_restore.unsqueeze(-1).repeat(1, 1, x.shape[2]))
        x = x + self.decoder.pos_embed
        for block in self.decoder.blocks:
            x = block(x)
        return self.decoder.pred(self.decoder.norm(x))

    def forward(self, images, noise):
        latent, mask, ids_restore = self.forward_encoder(images, noise)
        pred = self.forward_decoder(latent, ids_restore)
        target = self.patchify(images)
        mean = target.mean(dim=-1, keepdim=True)
        var = target.var(dim=-1, keepdim=True)
        target = (target - mean) / (var + self.variance_floor) ** 0.5
        loss = ((pred - target) ** 2).mean(dim=-1)
        return (loss * mask).sum() / mask.sum()


def load_file(path):
    """Tensors of a safetensors file, all float32."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    return {
        name: torch.frombuffer(data, dtype=torch.float32)[start // 4 : end // 4].reshape(entry["shape"])
        for name, entry in header.items()
        for start, end in [entry["data_offsets"]]
    }


class Training:
    def __init__(self, settings):
        torch.set_num_threads(settings["threads"])
        tensors = load_file(settings["stateFile"])
        self.device = settings["device"]
        self.images = tensors.pop("images").to(self.device)
        self.noise = tensors.pop("noise").to(self.device)
        self.dtype = getattr(torch, settings["precision"])
        self.model = MaskedAutoencoder(settings)
        self.model.load_state_dict(tensors)
        self.model.to(self.device)
        parameters = [(name, p) for name, p in self.model.named_parameters() if p.requires_grad]
        decayed = [p for name, p in parameters if p.ndim > 1 and not name.endswith("token")]
        plain = [p for name, p in parameters if p.ndim <= 1 or name.endswith("token")]
        groups = [{"params": decayed, "weight_decay": settings["weightDecay"]}, {"params": plain, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=settings["learningRate"], betas=settings["betas"], fused=True)
        if settings["isCompiled"]:
            self.model = torch.compile(self.model)

    def step(self, noise):
        with torch.autocast(self.device, torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            loss = self.model(self.images, noise)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss

    def steps(self, count):
        self.synchronize()
        start, cpu_start = time.perf_counter(), time.process_time()
        for _ in range(count):
            self.step(torch.rand(self.noise.shape, device=self.device))
        self.synchronize()
        return {"seconds": (time.perf_counter() - start) / count, "cpuSeconds": (time.process_time() - cpu_start) / count}

    def synchronize(self):
        if self.device == "cuda":
            torch.cuda.synchronize()

    def peak_bytes(self):
        if self.device == "cuda":
            return torch.cuda.max_memory_allocated()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


training = None


def prepare(**settings):
    global training
    training = Training(settings)
    return {}


serve(
    prepare=prepare,
    losses=lambda count: {"losses": [training.step(training.noise).item() for _ in range(count)]},
    steps=lambda count: training.steps(count),
    memory=lambda device: {"bytes": training.peak_bytes()},
)
