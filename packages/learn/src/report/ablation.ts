/**
 * The comparisons that take the pre-training apart: scratch, MIM, MIM+ACL, each with the same head.
 */
import type { Study } from "@medssl/contract";
import { type Comparison, comparisons } from "./comparison.ts";

export interface AblationStep {
  readonly title: string;
  readonly rows: readonly Comparison[];
}

/** Empty when no head has MIM+ACL beside MIM. */
export function ablationSteps(study: Study): AblationStep[] {
  const step = (title: string, method: string, from: string): AblationStep => ({
    title,
    rows: comparisons(study).filter(
      ({ arm, reference }) => arm.method === method && reference.method === from && arm.head === reference.head,
    ),
  });
  const contrast = step("ACL on top of MIM", "mim+acl", "mim");
  if (contrast.rows.length === 0) return [];
  const steps = [
    step("MIM over scratch", "mim", "scratch"),
    contrast,
    step("MIM+ACL over scratch", "mim+acl", "scratch"),
  ];
  return steps.filter(({ rows }) => rows.length > 0);
}
