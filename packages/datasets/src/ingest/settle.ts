/**
 * What is to be done with a content that arrives, from a worker or from a part of a shared ingest: one rule for both.
 *
 * Same item    unchanged when its mask is the same too; a mask that has come, gone or changed is stored anew.
 * Other item   the content is there already: a duplicate. But a copy that brings a mask takes the place of one without,
 *              which then is the duplicate; two different masks are a conflict.
 */

import type { Catalog } from "../store/catalog.ts";

export interface Arrival {
  readonly item: string;
  /** Of its first slice. */
  readonly content: string;
  readonly maskContent: string | null;
  /** Whether the masks were left out on purpose: then one that is there stays. */
  readonly skipsMasks?: boolean;
}

export type Settlement =
  | { readonly kind: "unchanged" }
  /** @param displaced The item that had the content until now. */
  | { readonly kind: "store"; readonly displaced?: string }
  | { readonly kind: "duplicate"; readonly original: string }
  | { readonly kind: "conflict"; readonly original: string };

export function settle(catalog: Catalog, { item, content, maskContent, skipsMasks }: Arrival): Settlement {
  const known = catalog.findContent(content);
  if (known === undefined) return { kind: "store" };
  const isSameMask = maskContent === known.maskContent || (maskContent === null && skipsMasks === true);
  if (known.item === item) return isSameMask ? { kind: "unchanged" } : { kind: "store" };
  if (isSameMask || maskContent === null) return { kind: "duplicate", original: known.item };
  if (known.maskContent === null) return { kind: "store", displaced: known.item };
  return { kind: "conflict", original: known.item };
}
