/** How a file of weights is refused: with its name, the place in it, and what to do. */
import { MedsslError } from "@medssl/contract";

export type Refuse = (reason: string) => never;

export function refusalOf(path: string): Refuse {
  return (reason) => {
    throw new MedsslError("ERR_PTH", `${path}: ${reason}`, {
      hint: "Expected weights as torch.save writes them. If the file came so from its maker, save its state_dict again, best as .safetensors; else take another copy.",
    });
  };
}
