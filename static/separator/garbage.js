// Memory of buffers is freed by the garbage collector, which browsers start when much of it has been reserved since the last
// time: by then, as much waits for it as the networks take.

const MUCH = 2 ** 27; // bytes

/** Have the garbage collector look soon: what is reserved here is never touched, so it takes no memory. */
export function suggestCollection() {
  try {
    return new ArrayBuffer(MUCH).byteLength;
  } catch {
    return 0; // there is not so much, which starts it as well
  }
}
