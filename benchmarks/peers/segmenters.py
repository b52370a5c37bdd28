"""Our segmentation networks in PyTorch, as one would write them there; parameters have our names, but for the U-Net's pairs."""
import torch
import torch.nn.functional as F
from torch import nn

WIDTHS = (24, 48, 96, 128)
MAP_WIDTH = 96


class ConvBlock(nn.Module):
    def __init__(self, inputs, outputs, stride=1, size=3):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        self.norm = nn.GroupNorm(min(8, outputs // 4), outputs)

    def forward(self, x):
        return F.gelu(self.norm(self.conv(x)))


def pair(inputs, outputs):
    return nn.Sequential(ConvBlock(inputs, outputs), ConvBlock(outputs, outputs))


def resize_like(x, like):
    same = x.shape[2:] == like.shape[2:]
    return x if same else F.interpolate(x, like.shape[2:], mode="bilinear", align_corners=False)


class ConvEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = ConvBlock(1, 16, stride=2)
        self.levels = nn.ModuleList(pair(i, o) for i, o in zip((16, *WIDTHS), WIDTHS))

    def forward(self, x):
        x = self.stem(x)
        features = []
        for i, level in enumerate(self.levels):
            x = level(x if i == 0 else F.max_pool2d(x, 2))
            features.append(x)
        return features


class ConvDecoder(nn.Module):
    def __init__(self, joined, outputs):
        super().__init__()
        below = (*WIDTHS[1:3], joined[3])
        self.levels = nn.ModuleList(pair(below[i] + joined[i], WIDTHS[i]) for i in range(3))
        self.out = nn.Conv2d(WIDTHS[0], outputs, 1)

    def forward(self, features):
        x = features[-1]
        for i in (2, 1, 0):
            x = self.levels[i](torch.cat([resize_like(x, features[i]), features[i]], 1))
        return self.out(x)


class UNet(nn.Module):
    def __init__(self, outputs, **_):
        super().__init__()
        self.conv_encoder = ConvEncoder()
        self.conv_decoder = ConvDecoder(WIDTHS, outputs)

    def forward(self, x):
        return resize_like(self.conv_decoder(self.conv_encoder(x)), x)


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, d))


class Mlp(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, patch, dim):
        super().__init__()
        self.proj = nn.Conv2d(1, dim, patch, patch)


class ViT(nn.Module):
    def __init__(self, tile, patch, dim, depth, heads):
        super().__init__()
        self.grid = tile // patch
        self.pos_embed = nn.Parameter(torch.zeros(1, self.grid**2, dim))
        self.patch_embed = PatchEmbed(patch, dim)
        self.blocks = nn.ModuleList(Block(dim, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    def forward(self, images, injection):
        x = self.patch_embed.proj(images).flatten(2).transpose(1, 2) + self.pos_embed + injection
        outputs = []
        for block in self.blocks:
            x = block(x)
            outputs.append(x)
        return outputs


class Taps(nn.Module):
    def __init__(self, dim, depth):
        super().__init__()
        self.after = [max(1, share * depth // 4) - 1 for share in (1, 2, 3, 4)]
        self.norms = nn.ModuleList(nn.LayerNorm(dim, eps=1e-6) for _ in self.after)
        self.proj = ConvBlock(4 * dim, MAP_WIDTH, size=1)

    def forward(self, outputs, grid):
        joined = torch.cat([norm(outputs[i]) for norm, i in zip(self.norms, self.after)], 2)
        return self.proj(joined.unflatten(1, (grid, grid)).permute(0, 3, 1, 2))


class HybridUNet(nn.Module):
    """Patches of 16: the tokens meet the convolutions at the coarsest level."""

    def __init__(self, outputs, tile, patch, dim, depth, heads):
        super().__init__()
        self.encoder = ViT(tile, patch, dim, depth, heads)
        self.conv_encoder = ConvEncoder()
        self.injection = nn.Linear(WIDTHS[3], dim)
        self.taps = Taps(dim, depth)
        self.conv_decoder = ConvDecoder((*WIDTHS[:3], WIDTHS[3] + MAP_WIDTH), outputs)

    def forward(self, x):
        features = self.conv_encoder(x)
        injection = self.injection(features[3].permute(0, 2, 3, 1).flatten(1, 2))
        tokens = self.taps(self.encoder(x, injection), self.encoder.grid)
        features[3] = torch.cat([features[3], tokens], 1)
        return resize_like(self.conv_decoder(features), x)
