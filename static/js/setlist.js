// A setlist: drag its rows, move them by their buttons, and keep notes, without loading the page again.

import { callApi, isSessionEnded, NetworkError } from "stemoteca/api";
import { closestElement, findElement, getElement } from "stemoteca/dom";
import { onEachPage } from "stemoteca/navigation/pages";

const SCROLL_EDGE = 60; // CSS pixels from an edge of the window, where the page follows what is dragged
const SCROLL_STEP = 12;

/** @param {HTMLElement} list */
function enhance(list) {
  const status = getElement(document, "[data-said]", HTMLElement);
  const rows = () => [...list.children].filter((row) => row instanceof HTMLElement);
  let running = Promise.resolve(); // one change after another, so that the last one wins

  const showLost = () => {
    status.textContent = status.dataset.lost ?? "";
    status.classList.remove("visually-hidden");
    status.classList.add("note", "bad");
  };

  /**
   * @param {HTMLElement} row
   * @param {{ position?: number, note?: string }} changes
   */
  const save = (row, changes) => {
    running = running.then(async () => {
      try {
        const answer = await callApi(row.dataset.address ?? "", { method: "PATCH", body: changes });
        if (isSessionEnded(answer.status))
          location.reload(); // leads to the sign-in page, and back to what was saved
        else if (!answer.ok) showLost();
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        showLost();
      }
    });
  };

  /** Numbers, and which buttons lead nowhere, as the rows stand now. */
  const number = () => {
    for (const [index, row] of rows().entries()) {
      getElement(row, "[data-number]", HTMLElement).textContent = String(index + 1);
      getElement(row, "[value=up]", HTMLButtonElement).disabled = index === 0;
      getElement(row, "[value=down]", HTMLButtonElement).disabled = index === list.children.length - 1;
    }
  };

  /** @param {HTMLElement} row */
  const moved = (row) => {
    number();
    const position = rows().indexOf(row) + 1;
    status.textContent = (status.dataset.moved ?? "").replace("{n}", String(position));
    save(row, { position });
  };

  /** @param {HTMLElement} row */
  const saveNote = (row) => {
    const field = findElement(row, "[name=note]", HTMLInputElement);
    if (!field || field.value === field.defaultValue) return;
    field.defaultValue = field.value;
    save(row, { note: field.value });
  };

  list.addEventListener("submit", (event) => {
    const row = closestElement(event.target, "[data-address]");
    const button = event.submitter instanceof HTMLButtonElement ? event.submitter : null;
    const action = button?.value ?? "note";
    if (!row || ["remove", "usual"].includes(action)) return; // the page is drawn anew
    event.preventDefault();
    if (action === "note") {
      saveNote(row);
      return;
    }
    if (action === "up") row.previousElementSibling?.before(row);
    else row.nextElementSibling?.after(row);
    moved(row);
    const next = button?.disabled ? findElement(row, ".button.square:not(:disabled)", HTMLButtonElement) : button;
    next?.focus();
    row.scrollIntoView({ block: "nearest" });
  });

  list.addEventListener("change", (event) => {
    const row = closestElement(event.target, "[data-address]");
    if (row && event.target instanceof HTMLInputElement && event.target.name === "note") saveNote(row);
  });

  /**
   * Move the other rows around the one that is held: taken out itself, it would lose the pointer.
   * @param {HTMLElement} row
   * @param {number} clientY
   */
  const drag = (row, clientY) => {
    for (const other of rows()) {
      if (other === row) continue;
      const box = other.getBoundingClientRect();
      const middle = box.top + box.height / 2;
      const above = row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_PRECEDING;
      if (above && clientY < middle) {
        const all = rows();
        for (const each of all.slice(all.indexOf(other), all.indexOf(row)).reverse()) row.after(each);
        break;
      }
      if (!above && clientY > middle) row.before(other);
    }
    if (clientY < SCROLL_EDGE) scrollBy(0, -SCROLL_STEP);
    else if (clientY > innerHeight - SCROLL_EDGE) scrollBy(0, SCROLL_STEP);
  };

  list.addEventListener("pointerdown", (event) => {
    const grip = closestElement(event.target, "[data-grip]");
    const row = closestElement(grip, "[data-address]");
    if (!grip || !row || event.button !== 0) return;
    event.preventDefault();
    const before = rows();
    row.classList.add("is-held");
    grip.setPointerCapture(event.pointerId);
    /** @param {PointerEvent} move */
    const follow = (move) => drag(row, move.clientY);
    /** @param {PointerEvent} end */
    const drop = (end) => {
      grip.removeEventListener("pointermove", follow);
      row.classList.remove("is-held");
      if (end.type === "pointercancel") list.append(...before);
      else if (rows().some((each, index) => each !== before[index])) moved(row);
    };
    grip.addEventListener("pointermove", follow);
    grip.addEventListener("pointerup", drop, { once: true });
    grip.addEventListener("pointercancel", drop, { once: true });
  });
}

onEachPage(() => {
  const entries = findElement(document, "[data-entries]", HTMLElement);
  if (!entries) return;
  document.documentElement.classList.add("scripted");
  enhance(entries);
});
