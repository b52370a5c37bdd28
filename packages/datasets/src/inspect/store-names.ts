import type { Store } from "../store/store.ts";

/**
 * What each store is called, by its position: its folder's name, with a number where several have one. No more of the
 * path, which may name somebody.
 */
export function storeNames(stores: readonly Pick<Store, "name">[]): string[] {
  const taken = new Set<string>();
  const isShared = (name: string) => stores.filter((store) => store.name === name).length > 1;
  return stores.map(({ name }) => {
    let own = isShared(name) ? `${name} (1)` : name;
    for (let number = 2; taken.has(own); number++) own = `${name} (${number})`;
    taken.add(own);
    return own;
  });
}
