// Finding elements by selector and type, so that a page without the element it should have fails with a clear error.

/**
 * Find the first element below `root`.
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T | null} null where there is none of this type
 */
export function findElement(root, selector, type) {
  const element = root.querySelector(selector);
  return element instanceof type ? element : null;
}

/**
 * Get the first element below `root`.
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 * @throws {Error} where there is none of this type
 */
export function getElement(root, selector, type) {
  const element = findElement(root, selector, type);
  if (!element) throw new Error(`there is no ${type.name} ${selector} on this page`);
  return element;
}

/**
 * Find all elements below `root`.
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T[]}
 */
export function findElements(root, selector, type) {
  return /** @type {T[]} */ ([...root.querySelectorAll(selector)].filter((element) => element instanceof type));
}

/**
 * Find the element itself or its closest ancestor that matches.
 * @param {EventTarget | null} target of an event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function closestElement(target, selector) {
  const found = target instanceof Element ? target.closest(selector) : null;
  return found instanceof HTMLElement ? found : null;
}
