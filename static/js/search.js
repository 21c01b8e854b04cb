// Results while typing on the front page; suggestions under the search field of every other page.
// Both wait a moment, drop what is no longer asked for, and leave the form as it is for whoever has no scripts.

const PAUSE = 120;

/** Calls `ask(words, signal)` when typing rests, and `show` with its answer unless something newer was asked. */
function asking(field, ask, show) {
  let timer = 0;
  let running = null;
  let shown = field.value.trim();
  const now = async () => {
    const words = field.value.trim();
    if (words === shown) return;
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    try {
      const answer = await ask(words, signal);
      if (signal.aborted || answer === null) return;
      shown = words;
      show(answer, words);
    } catch (error) {
      if (error.name !== "AbortError") shown = null; // offline: the button still works, and so does the next letter
    }
  };
  field.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(now, PAUSE);
  });
  field.addEventListener("compositionend", () => {
    timer = setTimeout(now, PAUSE);
  });
  return {
    stop() {
      clearTimeout(timer);
      running?.abort();
    },
  };
}

// The front page: the list below changes with the words, and the arrow keys go into it.

function live(field) {
  const place = document.getElementById(field.dataset.live);
  const found = document.querySelector("[data-found]"); // says how many, to those who do not see the list
  const get = async (address, signal) => {
    const page = address.href;
    address.searchParams.set("fragment", "results");
    const answer = await fetch(address, { signal });
    return answer.ok ? { html: await answer.text(), page } : null;
  };
  const show = ({ html, page }) => {
    place.innerHTML = html;
    found.textContent = place.querySelector("h2:not(.unseen)")?.textContent.trim() ?? "";
    history.replaceState(null, "", page);
  };
  const ask = (words, signal) => {
    const address = new URL(field.form.action);
    if (words) address.searchParams.set("q", words);
    if (place.querySelector("details.narrow-down[open]")) address.searchParams.set("narrow", "1");
    return get(address, signal);
  };
  const asked = asking(field, ask, show);
  field.form.addEventListener("submit", () => asked.stop());
  place.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-narrow]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const answer = await get(new URL(link.href), null).catch(() => null);
    if (!link.isConnected) return; // something else was typed
    if (!answer) return location.assign(link.href);
    show(answer);
    place.querySelector(".narrow-down summary")?.focus();
  });

  const links = () => [...place.querySelectorAll("a[href]")].filter((link) => link.offsetParent !== null);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && !event.isComposing) {
      const first = links()[0];
      if (first) {
        event.preventDefault();
        first.focus();
      }
    }
  });
  place.addEventListener("keydown", (event) => {
    const all = links();
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    if (event.key === "ArrowDown" && all[at + 1]) all[at + 1].focus();
    else if (event.key === "ArrowUp") (all[at - 1] ?? field).focus();
    else if (event.key === "Escape") field.focus();
    else return;
    event.preventDefault();
  });
}

// Every other page: a list of suggestions, as a combobox.

const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** `text` with the beginnings of words that were typed in <mark>. */
function marked(text, words) {
  const piece = document.createDocumentFragment();
  const wanted = plain(words).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  for (const part of text.split(/([\p{L}\p{N}\p{M}]+)/u)) {
    const folded = plain(part);
    const letters = Math.max(0, ...wanted.filter((word) => folded.startsWith(word)).map((word) => word.length));
    let end = 0;
    while (letters && end < part.length && plain(part.slice(0, end)).length < letters) end += 1;
    while (end && /\p{M}/u.test(part.charAt(end))) end += 1;
    if (end) {
      const mark = document.createElement("mark");
      mark.textContent = part.slice(0, end);
      piece.append(mark);
    }
    piece.append(part.slice(end));
  }
  return piece;
}

function suggest(field) {
  const { dataset, form } = field;
  const list = document.createElement("ul");
  const said = document.createElement("p");
  list.id = `${field.id}-suggestions`;
  list.className = "suggestions";
  list.role = "listbox";
  list.setAttribute("aria-label", dataset.label);
  list.hidden = true;
  said.className = "unseen";
  said.role = "status";
  form.classList.add("has-suggestions");
  form.append(list, said);
  field.role = "combobox";
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");

  let options = [];
  let chosen = -1;

  const choose = (number) => {
    options[chosen]?.setAttribute("aria-selected", "false");
    chosen = number;
    const option = options[chosen];
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      field.setAttribute("aria-activedescendant", option.id);
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  };
  const show = (visible) => {
    list.hidden = !visible;
    field.setAttribute("aria-expanded", String(visible));
    if (!visible) choose(-1);
  };

  const group = (label, rows, words) => {
    if (!rows.length) return null;
    const item = document.createElement("li");
    const heading = document.createElement("span");
    const inner = document.createElement("ul");
    item.role = "presentation";
    heading.className = "of";
    heading.id = `${list.id}-${label}`;
    heading.textContent = label;
    inner.role = "group";
    inner.setAttribute("aria-labelledby", heading.id);
    for (const row of rows) {
      const option = document.createElement("li");
      option.role = "option";
      option.id = `${list.id}-${options.length}`;
      option.dataset.address = row.address;
      option.setAttribute("aria-selected", "false");
      option.append(marked(row.name, words));
      if (row.by) {
        const by = document.createElement("small");
        by.append(marked(row.by, words));
        option.append(" ", by);
      }
      inner.append(option);
      options.push(option);
    }
    item.append(heading, inner);
    return item;
  };

  const ask = async (words, signal) => {
    if (!words) return { artists: [], albums: [], tracks: [] };
    const address = new URL(dataset.suggest, location.origin);
    address.searchParams.set("q", words);
    address.searchParams.set("limit", "4");
    const answer = await fetch(address, { signal });
    return answer.ok ? answer.json() : null;
  };
  const asked = asking(field, ask, (answer, typed) => {
    const words = answer.corrected ?? typed;
    options = [];
    chosen = -1;
    field.removeAttribute("aria-activedescendant");
    const everything = new URL(form.action);
    everything.searchParams.set("q", typed);
    const groups = [
      group(dataset.artists, answer.artists.map((row) => ({ name: row.name, address: `/artists/${row.slug}/` })), words),
      group(dataset.albums, answer.albums.map((row) => ({ name: row.title, by: row.artist, address: `/albums/${row.id}/` })), words),
      group(dataset.songs, answer.tracks.map((row) => ({ name: row.title, by: row.artist, address: `/tracks/${row.id}/` })), words),
    ].filter(Boolean);
    if (groups.length) groups.push(group(dataset.all, [{ name: words, address: everything.href }], ""));
    list.replaceChildren(...groups);
    said.textContent = !typed ? "" : groups.length ? dataset.some : dataset.none;
    show(groups.length > 0 && document.activeElement === field);
  });

  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!options.length) return;
      event.preventDefault();
      if (list.hidden) show(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      const places = options.length + 1; // one of them is the field itself
      choose(((chosen + 1 + step + places) % places) - 1);
    } else if (event.key === "Enter" && options[chosen] && !list.hidden) {
      event.preventDefault();
      location.assign(options[chosen].dataset.address);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      show(false);
    }
  });
  field.addEventListener("focus", () => {
    if (options.length && field.value.trim()) show(true);
  });
  field.addEventListener("blur", () => show(false));
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.assign(option.dataset.address);
  });
  form.addEventListener("submit", () => asked.stop());
}

for (const field of document.querySelectorAll("input[data-live]")) live(field);
for (const field of document.querySelectorAll("input[data-suggest]")) suggest(field);
