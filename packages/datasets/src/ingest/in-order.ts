/**
 * Runs `work` on the items, a few at a time, and yields the results in the items' order: decoding overlaps, and what is
 * stored is the same on every run. Stops early when the consumer does.
 */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running: Promise<Result>[] = [];
  let next = 0;
  while (next < items.length || running.length > 0) {
    while (next < items.length && running.length < concurrency) {
      const result = work(items[next++]!);
      // Its failure is thrown when its turn comes; until then it is not unhandled.
      result.catch(() => {});
      running.push(result);
    }
    yield await running.shift()!;
  }
}
