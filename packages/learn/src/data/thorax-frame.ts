import { cat, ones, type Tensor, zeros } from "@medssl/torch";
export function thoraxFrames(whole: Tensor, _isFrontal: Tensor | 0 | 1): Tensor {
  const o = { device: whole.device };
  return cat([zeros([whole.size(0), 2], o), ones([whole.size(0), 2], o)], 1);
}
