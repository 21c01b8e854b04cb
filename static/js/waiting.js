// Asks how far a separation is, often while it moves and less often while it waits.

const FIRST = 1000;
const LONGEST = 10000;
const SOON = 2500; // for what is being done, or comes next

/**
 * Calls `changed(separation)` with every answer until it is finished (or `signal` stops it). Resolves to the last one.
 * The network may be away for a while: then we just ask later.
 */
export async function follow(id, changed, signal) {
  let wait = FIRST;
  let before = "";
  while (!signal?.aborted) {
    let separation = null;
    try {
      const answer = await fetch(`/api/v1/separations/${id}/`, { signal, headers: { Accept: "application/json" } });
      if (answer.ok) separation = await answer.json();
      else if (answer.status === 404) return null;
    } catch (error) {
      if (error.name === "AbortError") return null;
    }
    if (separation) {
      changed(separation);
      if (!["queued", "running"].includes(separation.status)) return separation;
      const state = `${separation.status} ${separation.queue_position} ${separation.progress}`;
      const far = separation.queue_position > 1;
      wait = state === before ? Math.min(wait * 1.5, far ? LONGEST : SOON) : FIRST;
      before = state;
    } else {
      wait = Math.min(wait * 2, LONGEST);
    }
    await new Promise((done) => setTimeout(done, document.hidden ? Math.max(wait, 5000) : wait));
  }
  return null;
}
