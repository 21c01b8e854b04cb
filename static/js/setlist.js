// A setlist: drag its rows, move them by their buttons, and keep notes, without loading the page again.

import { csrfToken } from "stemoteca/session";

const list = document.querySelector("[data-entries]");
const said = document.querySelector("[data-said]");

if (list) {
  document.documentElement.classList.add("scripted");
  const rows = () => [...list.children];
  let running = Promise.resolve(); // one change after another, so that the last one wins

  const save = (row, changes, method = "PATCH") => {
    const address = `${list.dataset.address}${row.dataset.entry}/`;
    const body = changes && JSON.stringify(changes);
    const type = { Accept: "application/json", "Content-Type": "application/json" };
    running = running
      .then(() => fetch(address, { method, headers: { ...type, "X-CSRFToken": csrfToken() }, body }))
      .then((answer) => {
        if (!answer.ok) throw new Error(String(answer.status));
      })
      .catch(() => {
        said.textContent = said.dataset.lost;
        said.classList.remove("unseen");
        said.classList.add("note", "bad");
      });
    return running;
  };

  /** Numbers, and which buttons lead nowhere, as the rows stand now. */
  const number = () => {
    for (const [index, row] of rows().entries()) {
      row.querySelector("[data-number]").textContent = index + 1;
      row.querySelector("[value=up]").disabled = index === 0;
      row.querySelector("[value=down]").disabled = index === list.children.length - 1;
    }
  };

  /** The rows from `first` up to `row`, the last one first. */
  const between = (first, row) => {
    const all = rows();
    return all.slice(all.indexOf(first), all.indexOf(row)).reverse();
  };

  const moved = (row) => {
    number();
    const place = rows().indexOf(row) + 1;
    said.textContent = said.dataset.moved.replace("{n}", place);
    save(row, { position: place });
  };

  list.addEventListener("submit", (event) => {
    const row = event.target.closest("[data-entry]");
    const what = event.submitter?.value ?? "note";
    if (what === "remove") return; // the page is drawn anew, with another length
    event.preventDefault();
    if (what === "note") {
      note(row);
      return;
    }
    if (what === "up") row.previousElementSibling?.before(row);
    else row.nextElementSibling?.after(row);
    moved(row);
    const button = event.submitter.disabled ? row.querySelector("button.square:not(:disabled)") : event.submitter;
    button?.focus();
    row.scrollIntoView({ block: "nearest" });
  });

  const note = (row) => {
    const field = row.querySelector("[name=note]");
    if (!field || field.value === field.defaultValue) return;
    field.defaultValue = field.value;
    save(row, { note: field.value });
  };
  list.addEventListener("change", (event) => {
    if (event.target.name === "note") note(event.target.closest("[data-entry]"));
  });

  list.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.button !== 0) return;
    event.preventDefault();
    const row = grip.closest("[data-entry]");
    const before = rows();
    row.classList.add("held");
    grip.setPointerCapture(event.pointerId);
    // The others move around the row that is held: taken out itself, it would lose the pointer.
    const drag = ({ clientY }) => {
      for (const other of rows()) {
        if (other === row) continue;
        const box = other.getBoundingClientRect();
        const above = row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_PRECEDING;
        if (above && clientY < box.top + box.height / 2) {
          for (const each of between(other, row)) row.after(each);
          break;
        }
        if (!above && clientY > box.top + box.height / 2) row.before(other);
      }
      const edge = 60; // near an edge of the window the page follows
      if (clientY < edge) scrollBy(0, -12);
      else if (clientY > innerHeight - edge) scrollBy(0, 12);
    };
    const drop = (end) => {
      grip.removeEventListener("pointermove", drag);
      row.classList.remove("held");
      if (end.type === "pointercancel") list.append(...before);
      else if (rows().some((each, index) => each !== before[index])) moved(row);
    };
    grip.addEventListener("pointermove", drag);
    grip.addEventListener("pointerup", drop, { once: true });
    grip.addEventListener("pointercancel", drop, { once: true });
  });
}
