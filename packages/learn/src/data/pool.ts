/**
 * The images that are pre-trained on: what of the stores can be learned from, and how often.
 *
 * Blank    images of one value throughout are left out, and counted.
 * Errors   `ERR_STORE_BLANK` when none is left, `ERR_SAMPLING` when weights leave a source out.
 */
import { MedsslError, type RunListener } from "@medssl/contract";
import type { Selection } from "./image-set.ts";
import type { SampledGroup } from "./sampler.ts";

/** The selections without blank images. */
export function withoutBlanks(selections: readonly Selection[], listen: RunListener): Selection[] {
  const count = (of: readonly Selection[]) => of.reduce((sum, { cases }) => sum + cases.length, 0);
  const kept = selections.map((selection) => withoutBlank(selection, listen));
  if (count(kept) === 0 && count(selections) > 0) {
    throw new MedsslError(
      "ERR_STORE_BLANK",
      `All ${count(selections)} images are blank: each has one value throughout.`,
      {
        hint: "Look at the source's files, and at the range that they were read with.",
      },
    );
  }
  return kept;
}

function withoutBlank({ store, cases }: Selection, listen: RunListener): Selection {
  const blank = new Set(store.query<{ id: string }>("SELECT id FROM cases WHERE low = high").map(({ id }) => id));
  const kept = blank.size === 0 ? cases : cases.filter(({ id }) => !blank.has(id));
  const count = cases.length - kept.length;
  if (count > 0) {
    const message = `${count} of ${cases.length} images of ${store.name} are blank and are left out`;
    listen({ type: "note", level: "warning", message });
  }
  return { store, cases: kept };
}

/** Groups of positions in an `ImageSet` of the selections, by the recipe's weights. @returns One group where there are none. */
export function sampledGroups(
  selections: readonly Selection[],
  weights: Readonly<Record<string, number>>,
  listen: RunListener,
): SampledGroup[] {
  const all = selections.flatMap(({ store, cases }) => cases.map(({ source }) => ({ store, source })));
  const names = Object.keys(weights);
  if (names.length === 0) return [{ members: all.map((_, i) => i), weight: 1 }];
  const layouts = new Map(
    selections.flatMap(({ store }) => store.info.sources.map(({ name, layout }) => [`${store.dir}/${name}`, layout])),
  );
  const nameOf = ({ store, source }: (typeof all)[number]): string => {
    const layout = layouts.get(`${store.dir}/${source}`) ?? "";
    const name = names.find((given) => given === source) ?? names.find((given) => given === layout);
    if (name !== undefined) return name;
    throw new MedsslError(
      "ERR_SAMPLING",
      `The recipe's sampling has no weight for the source "${source}" (${layout}).`,
      {
        hint: `It has ${names.join(", ")}. Name every source or its layout: --set sampling.${source}=1, or take them all alike: --set sampling={}`,
      },
    );
  };
  const members = Map.groupBy(all.keys(), (i) => nameOf(all[i]!));
  const absent = names.filter((name) => !members.has(name));
  if (absent.length > 0) {
    const message = `sampling has weights for ${absent.join(", ")}, of which the stores have no images`;
    listen({ type: "note", level: "info", message });
  }
  return [...members].map(([name, positions]) => ({ members: positions, weight: weights[name]! }));
}
