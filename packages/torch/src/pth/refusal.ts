/** How a file of weights is refused: with its name, the place in it, and what to do. */
import { MedsslError } from "@medssl/contract";

export type Refuse = (reason: string) => never;

export function refusalOf(path: string): Refuse {
  return (reason) => {
    // Names in it are the file's: they must not steer a terminal, nor fill it.
    throw new MedsslError("ERR_PTH", `${path}: ${reason.replace(/\p{Cc}/gu, "?").slice(0, 500)}`, {
      hint: "Expected weights as torch.save writes them. If the file came so from its maker, save its state_dict again, best as .safetensors; else take another copy.",
    });
  };
}
