/**
 * ViTs with the names of Hugging Face's transformers (ViT, ViT-MAE, DeiT, DINOv2), renamed to timm's.
 *
 * Query, key and value are three layers there; here they are the rows of one.
 */
import { cat, type Tensor } from "@medssl/torch";

/** Names behind the prefix, in the order in which they are tried. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/^embeddings\.patch_embeddings\.projection\./, "patch_embed.proj."],
  [/^embeddings\.position_embeddings$/, "pos_embed"],
  [/^embeddings\.distillation_token$/, "dist_token"],
  [/^embeddings\.(cls_token|mask_token|register_tokens)$/, "$1"],
  [/^encoder\.layer\.(\d+)\.(?:norm1|layernorm_before)\./, "blocks.$1.norm1."],
  [/^encoder\.layer\.(\d+)\.(?:norm2|layernorm_after)\./, "blocks.$1.norm2."],
  [/^encoder\.layer\.(\d+)\.attention\.output\.dense\./, "blocks.$1.attn.proj."],
  [/^encoder\.layer\.(\d+)\.layer_scale(\d)\.lambda1$/, "blocks.$1.ls$2.gamma"],
  [/^encoder\.layer\.(\d+)\.intermediate\.dense\./, "blocks.$1.mlp.fc1."],
  [/^encoder\.layer\.(\d+)\.output\.dense\./, "blocks.$1.mlp.fc2."],
  [/^encoder\.layer\.(\d+)\./, "blocks.$1."],
  [/^layernorm\./, "norm."],
];

const PATCHES = "embeddings.patch_embeddings.projection.weight";
const ATTENTION = /^(encoder\.layer\.(\d+)\.attention\.attention\.)(query|key|value)\.(weight|bias)$/;

/** The same tensors where there is no such ViT. Joined ones live in the surrounding scope. */
export function withTimmNames(weights: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const patches = weights.keys().find((name) => name.endsWith(PATCHES));
  if (patches === undefined) return weights;
  const prefix = patches.slice(0, -PATCHES.length);
  const renamed = new Map<string, Tensor>();
  for (const [name, tensor] of weights) {
    if (!name.startsWith(prefix)) {
      renamed.set(name, tensor);
      continue;
    }
    const own = name.slice(prefix.length);
    const attention = ATTENTION.exec(own);
    if (attention === null) {
      const [pattern, spelling] = SPELLINGS.find(([pattern]) => pattern.test(own)) ?? [/^/, ""];
      renamed.set(prefix + own.replace(pattern, spelling), tensor);
      continue;
    }
    const [, layer, block, part, kind] = attention;
    const parts = ["query", "key", "value"].map((other) => weights.get(`${prefix}${layer}${other}.${kind}`));
    if (part === "query" && parts.every((other) => other !== undefined)) {
      renamed.set(`${prefix}blocks.${block}.attn.qkv.${kind}`, cat(parts));
    }
  }
  return renamed;
}
