/**
 * A session of ONNX Runtime as the engine's network: input `images`, output `logits`.
 */
import type { InferenceSession, TensorConstructor } from "onnxruntime-node";
import type { Network } from "./network.ts";

export function sessionNetwork(
  session: Pick<InferenceSession, "inputNames" | "outputNames" | "run" | "release">,
  Tensor: TensorConstructor,
  properties: Omit<Network, "run" | "release">,
): Network {
  const [input, output] = [session.inputNames[0]!, session.outputNames[0]!];
  return {
    ...properties,
    async run(images, shape) {
      const given = new Tensor("float32", images, shape);
      const { [output]: logits } = await session.run({ [input]: given });
      return (await logits!.getData()) as Float32Array;
    },
    release: () => session.release(),
  };
}
