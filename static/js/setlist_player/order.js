// In which order the entries of a setlist are played. Touches nothing of the page.

/**
 * Shuffle ids.
 * @param {string[]} ids
 * @param {string | null} first the one to begin with, if it is one of them
 * @param {() => number} [random] from 0 to less than 1
 */
export function shuffled(ids, first, random = Math.random) {
  const order = [...ids];
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [order[index], order[other]] = [/** @type {string} */ (order[other]), /** @type {string} */ (order[index])];
  }
  return first === null || !ids.includes(first) ? order : [first, ...order.filter((id) => id !== first)];
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

export class Order {
  /** @type {string[]} */
  ids = [];
  /** @type {string[]} the order before, where the song that is played was there; it is gone from the list now */
  #before = [];

  /**
   * Put the ids of a list in order.
   * @param {string[]} ids
   * @param {string | null} current the one that is played; shuffled ones begin with it
   * @param {boolean} shuffles
   * @param {boolean} [isAnew] shuffle them also where they are the same ones
   */
  arrange(ids, current, shuffles, isAnew = false) {
    if (current !== null && this.ids.includes(current)) this.#before = this.ids;
    const isSame = ids.length === this.ids.length && ids.every((id) => this.ids.includes(id));
    if (!shuffles) this.ids = ids;
    else if (isAnew || !isSame) this.ids = shuffled(ids, current);
  }

  /**
   * List the ids that come after another one, or before it. Those around one that is gone are those that it had.
   * @param {string} id
   * @param {1 | -1} step
   * @param {boolean} repeats
   */
  after(id, step, repeats) {
    const isGone = !this.ids.includes(id) && this.#before.includes(id);
    const ids = isGone ? this.#before : this.ids;
    const next = neighbour(ids, id, step, repeats);
    return next === null ? [] : allFrom(ids, next, step, repeats).filter((each) => this.ids.includes(each));
  }

  /**
   * The number of an id, from 1; 0 where it is gone.
   * @param {string} id
   */
  place(id) {
    return this.ids.indexOf(id) + 1;
  }
}
