/**
 * What can go wrong. network: a file could not be fetched. damaged: the weights are not those they should be. memory:
 * there is not enough of it. unsupported: the browser has no WebAssembly with SIMD. failed: anything else.
 * @typedef {"network" | "damaged" | "memory" | "unsupported" | "failed"} Code
 */

export class SeparatorError extends Error {
  /**
   * @param {Code} code
   * @param {string} detail
   */
  constructor(code, detail) {
    super(`${code}: ${detail}`);
    this.name = "SeparatorError";
    this.code = code;
  }
}
