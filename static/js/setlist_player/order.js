// In which order the entries of a setlist are played. Touches nothing of the page.

/**
 * Shuffle ids.
 * @param {string[]} ids
 * @param {string | null} first the one to begin with, if any
 * @param {() => number} [random] from 0 to less than 1
 */
export function shuffled(ids, first, random = Math.random) {
  const order = [...ids];
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [order[index], order[other]] = [/** @type {string} */ (order[other]), /** @type {string} */ (order[index])];
  }
  return first === null ? order : [first, ...order.filter((id) => id !== first)];
}

/**
 * List an id and those that come after it, or before it, each once.
 * @param {string[]} order
 * @param {string} id
 * @param {1 | -1} step
 * @param {boolean} repeats
 */
export function allFrom(order, id, step, repeats) {
  const ids = step === 1 ? order : order.toReversed();
  const at = Math.max(ids.indexOf(id), 0);
  return [...ids.slice(at), ...(repeats ? ids.slice(0, at) : [])];
}

/**
 * Find the id before or after another one; null at the ends, unless it is played round and round.
 * @param {string[]} order
 * @param {string | null} id
 * @param {1 | -1} step
 * @param {boolean} repeats
 */
export function neighbour(order, id, step, repeats) {
  const at = order.indexOf(id ?? "");
  if (at === -1) return order[0] ?? null;
  const next = at + step;
  return order[repeats ? (next + order.length) % order.length : next] ?? null;
}
