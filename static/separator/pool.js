// Some workers, and what waits for one of them.

import { SeparatorError } from "./errors.js";

/**
 * A worker of browsers, or one of Node that looks like it.
 * @typedef {object} WorkerLike
 * @property {(message: any, transfer: Transferable[]) => void} postMessage
 * @property {() => unknown} terminate
 * @property {(onMessage: (data: any) => void, onError: (detail: string) => void) => void} listen
 */

/** @typedef {{ message: object, transfer: Transferable[] }} Request */
/** @typedef {{ request: () => Request, done: (answer: any) => void, fail: (error: Error) => void }} Task */

export class Pool {
  /** @type {Map<WorkerLike, Task | null>} what each of them does */
  #workers = new Map();
  /** @type {Task[]} */
  #waiting = [];
  /** @type {SeparatorError | null} why nothing runs any more */
  #ended = null;

  /** @param {WorkerLike[]} workers */
  constructor(workers) {
    for (const worker of workers) {
      this.#workers.set(worker, null);
      worker.listen(
        (data) => this.#receive(worker, data),
        (detail) => this.#end(new SeparatorError("failed", detail)),
      );
    }
  }

  get size() {
    return this.#workers.size;
  }

  /**
   * Ask every worker the same, and get all answers.
   * @param {object} message
   * @returns {Promise<any[]>}
   */
  everyone(message) {
    return Promise.all([...this.#workers.keys()].map((worker) => this.#ask(() => ({ message, transfer: [] }), worker)));
  }

  /**
   * Ask the next worker that is free.
   * @param {() => Request} request is called when it is, so that what waits needs no memory for its answer
   * @returns {Promise<any>}
   */
  run(request) {
    return this.#ask(request);
  }

  /** End all workers, and what they do. */
  close() {
    this.#end(new SeparatorError("failed", "it was closed"));
  }

  /**
   * @param {() => Request} request
   * @param {WorkerLike} [worker] that is to do it, and is free
   */
  #ask(request, worker) {
    return new Promise((done, fail) => {
      const task = { request, done, fail };
      if (this.#ended) fail(this.#ended);
      else if (worker) this.#give(worker, task);
      else {
        this.#waiting.push(task);
        for (const [each, busy] of this.#workers) if (!busy) this.#next(each);
      }
    });
  }

  /** @param {WorkerLike} worker */
  #next(worker) {
    const task = this.#waiting.shift();
    if (task) this.#give(worker, task);
  }

  /** @param {WorkerLike} worker @param {Task} task */
  #give(worker, task) {
    this.#workers.set(worker, task);
    const { message, transfer } = task.request();
    worker.postMessage(message, transfer);
  }

  /** @param {WorkerLike} worker @param {any} answer */
  #receive(worker, answer) {
    const task = this.#workers.get(worker);
    this.#workers.set(worker, null);
    if (answer.code) task?.fail(new SeparatorError(answer.code, answer.detail));
    else task?.done(answer);
    this.#next(worker);
  }

  /** @param {SeparatorError} error */
  #end(error) {
    this.#ended ??= error;
    for (const [worker, task] of this.#workers) {
      worker.terminate();
      task?.fail(error);
    }
    this.#workers.clear();
    for (const { fail } of this.#waiting.splice(0)) fail(error);
  }
}
