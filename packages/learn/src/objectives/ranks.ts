/**
 * The processes that share a batch, as a loss sees them.
 *
 * Means    a loss over samples of all processes divides its own sum by the count of all, times the number of processes:
 *          gradients are averaged over processes afterwards.
 */
import { noGrad, type ProcessGroup, type Tensor } from "@medssl/torch";

export interface Ranks {
  readonly index: number;
  readonly of: number;
  /** The tensors of all processes along the first axis, in their order; gradients flow back to whoever made them. */
  gather(tensor: Tensor): Tensor;
  /** Sum over the processes; without a gradient. */
  sum(tensor: Tensor): Tensor;
}

/** One process. */
export const ALONE: Ranks = { index: 0, of: 1, gather: (tensor) => tensor, sum: (tensor) => tensor };

export const ranksOf = (group: ProcessGroup): Ranks => ({
  index: group.rank,
  of: group.worldSize,
  gather: (tensor) => group.allGather(tensor.contiguous()),
  sum: (tensor) => noGrad(() => group.allReduce(tensor.detach().clone())),
});
