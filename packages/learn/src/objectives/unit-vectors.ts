/** Embeddings as contrasts compare them: of length 1, in float32 whatever the run's precision. */
import { autocast, scope, type Tensor } from "@medssl/torch";

/** Runs `fn` in float32, on the device of the tensors that it is about. */
export const inFloat32 = <Result>({ device }: Pick<Tensor, "device">, fn: () => Result): Result =>
  autocast({ device, dtype: "float32" }, () => scope(fn));

/** @param embeddings [..., E] @returns float32 [M, E], M the product of the other axes. */
export function unitVectors(embeddings: Tensor): Tensor {
  return scope(() => {
    const rows = embeddings.flatten(0, -2).to({ dtype: "float32" });
    return rows.div(rows.norm(1, true).clamp(1e-6));
  });
}
