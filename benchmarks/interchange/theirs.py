"""timm's side: features with our weights, then weights of its own and their features."""
import json
import sys

import torch
from safetensors.torch import load_file, save_file
from timm.models.vision_transformer import VisionTransformer

ours, theirs, shape = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])


def build():
    return VisionTransformer(
        img_size=shape["imageSize"], patch_size=shape["patchSize"], in_chans=1, num_classes=0, global_pool="",
        embed_dim=shape["embedDim"], depth=shape["depth"], num_heads=shape["numHeads"], mlp_ratio=shape["mlpRatio"],
        class_token=shape["hasClassToken"], reg_tokens=shape["numRegisters"],
        init_values=0.5 if shape["hasLayerScale"] else None,
    ).eval()


tensors = load_file(ours)
images = tensors.pop("images")
model = build()
model.load_state_dict(tensors, strict=True)
torch.manual_seed(2)
own = build()
with torch.no_grad():
    out = {"features_of_ours": model.forward_features(images), "features_of_theirs": own.forward_features(images)}
out |= {f"weights.{name}": value for name, value in own.state_dict().items()}
save_file({name: value.contiguous() for name, value in out.items()}, theirs)
