// Results while typing on the front page; suggestions under the search field of every other page.
// Both wait a moment, drop what is no longer asked for, and leave the form as it is for whoever has no scripts.

import { callApi, isAborted, NetworkError, request } from "stemoteca/api";
import { closestElement, findElement, findElements, getElement } from "stemoteca/dom";
import { fillAddress } from "stemoteca/formatting";
import { artistName } from "stemoteca/messages";
import { navigate, replaceAddress } from "stemoteca/navigation/address";
import { onEachPage } from "stemoteca/navigation/pages";
import { highlight } from "stemoteca/search/highlight";

const DELAY = 120; // milliseconds after the last letter

/**
 * Call `ask(words, signal)` when typing rests, and `show` with its answer unless something newer was asked.
 * @template T
 * @param {HTMLInputElement} field
 * @param {(words: string, signal: AbortSignal) => Promise<T | null>} ask
 * @param {(answer: T, words: string) => void} show
 */
function askWhileTyping(field, ask, show) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {AbortController | null} */
  let running = null;
  /** @type {string | null} */
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
      if (isAborted(error)) return;
      if (!(error instanceof NetworkError)) throw error;
      shown = null; // offline: the button still works, and so does the next letter
    }
  };
  field.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (!(event instanceof InputEvent && event.isComposing)) timer = setTimeout(now, DELAY);
  });
  field.addEventListener("compositionend", () => {
    timer = setTimeout(now, DELAY);
  });
  return {
    stop() {
      clearTimeout(timer);
      running?.abort();
    },
  };
}

/**
 * Get the form of a search field.
 * @param {HTMLInputElement} field
 */
function formOf(field) {
  if (!field.form) throw new Error("a search field outside a form");
  return field.form;
}

/**
 * The front page: the list below changes with the words, and the arrow keys go into it.
 * @param {HTMLInputElement} field
 * @param {AbortSignal} signal ends it
 */
function showResults(field, signal) {
  const form = formOf(field);
  const results = getElement(document, `#${field.dataset.results}`, HTMLElement);
  const status = getElement(document, "[data-found]", HTMLElement); // how many, to those who do not see the list
  /**
   * @param {URL} address
   * @param {AbortSignal | null} signal
   */
  const get = async (address, signal) => {
    const page = address.href;
    address.searchParams.set("fragment", "results");
    const answer = await request(address, { signal });
    return answer.ok ? { html: await answer.text(), page } : null;
  };
  /** @param {{ html: string, page: string }} answer */
  const show = ({ html, page }) => {
    results.innerHTML = html;
    status.textContent = results.querySelector("h2:not(.visually-hidden)")?.textContent.trim() ?? "";
    replaceAddress(new URL(page));
  };
  const asked = askWhileTyping(
    field,
    (words, signal) => {
      const address = new URL(form.action);
      if (words) address.searchParams.set("q", words);
      if (results.querySelector("[data-facets][open]")) address.searchParams.set("narrow", "1");
      return get(address, signal);
    },
    show,
  );
  form.addEventListener("submit", () => asked.stop());
  signal.addEventListener("abort", () => asked.stop());
  results.addEventListener("click", async (event) => {
    const link = closestElement(event.target, "a[data-narrow]");
    if (!(link instanceof HTMLAnchorElement)) return;
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const answer = await get(new URL(link.href), null).catch((error) => {
      if (error instanceof NetworkError) return null;
      throw error;
    });
    if (!link.isConnected) return; // something else was typed
    if (!answer) return navigate(link.href);
    show(answer);
    findElement(results, "[data-facets] summary", HTMLElement)?.focus();
  });

  const visibleLinks = () => findElements(results, "a[href]", HTMLAnchorElement).filter((link) => link.offsetParent);
  field.addEventListener("keydown", (event) => {
    const [first] = visibleLinks();
    if (event.key !== "ArrowDown" || event.isComposing || !first) return;
    event.preventDefault();
    first.focus();
  });
  results.addEventListener("keydown", (event) => {
    const links = visibleLinks();
    const at = links.indexOf(/** @type {HTMLAnchorElement} */ (document.activeElement));
    if (at < 0) return;
    const next = links[at + 1];
    if (event.key === "ArrowDown" && next) next.focus();
    else if (event.key === "ArrowUp") (links[at - 1] ?? field).focus();
    else if (event.key === "Escape") field.focus();
    else return;
    event.preventDefault();
  });
}

/**
 * Write `text` with the beginnings of words that were typed in <mark>.
 * @param {string} text
 * @param {string} words
 */
function highlighted(text, words) {
  return highlight(text, words).map((piece) => {
    if (!piece.isMarked) return piece.text;
    const mark = document.createElement("mark");
    mark.textContent = piece.text;
    return mark;
  });
}

/**
 * What the search of the API answers.
 * @typedef {object} Found
 * @property {string | null} [corrected] the words that were searched instead
 * @property {{ name: string, slug: string }[]} artists
 * @property {{ id: string, title: string, artist: string }[]} albums
 * @property {{ id: string, title: string, artist: string }[]} tracks
 */

/** @typedef {{ name: string, by?: string, address: string }} Row */

/**
 * Every other page: a list of suggestions, as a combobox.
 * @param {HTMLInputElement} field
 * @param {AbortSignal} signal ends it
 */
function showSuggestions(field, signal) {
  const { dataset } = field;
  const form = formOf(field);
  /** @param {string} name */
  const text = (name) => dataset[name] ?? "";
  const list = document.createElement("ul");
  const status = document.createElement("p");
  list.id = `${field.id}-suggestions`;
  list.className = "suggestions";
  list.role = "listbox";
  list.setAttribute("aria-label", text("label"));
  list.hidden = true;
  status.className = "visually-hidden";
  status.role = "status";
  form.classList.add("has-suggestions");
  form.append(list, status);
  field.role = "combobox";
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");

  /** @type {HTMLElement[]} */
  let options = [];
  let chosen = -1;

  /** @param {number} number */
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
  /** @param {boolean} visible */
  const show = (visible) => {
    list.hidden = !visible;
    field.setAttribute("aria-expanded", String(visible));
    if (!visible) choose(-1);
  };

  /**
   * @param {string} label
   * @param {Row[]} rows
   * @param {string} words
   */
  const group = (label, rows, words) => {
    const item = document.createElement("li");
    const heading = document.createElement("span");
    const inner = document.createElement("ul");
    item.role = "presentation";
    heading.className = "suggestions-heading";
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
      const name = document.createElement("span");
      name.append(...highlighted(row.name, words));
      option.append(name);
      if (row.by) {
        const by = document.createElement("small");
        by.append(...highlighted(row.by, words));
        option.append(" ", by);
      }
      inner.append(option);
      options.push(option);
    }
    item.append(heading, inner);
    return item;
  };

  /**
   * @param {string} words
   * @param {AbortSignal} signal
   * @returns {Promise<Found | null>}
   */
  const ask = async (words, signal) => {
    if (!words) return { artists: [], albums: [], tracks: [] };
    const address = new URL(text("suggestions"), location.origin);
    address.searchParams.set("q", words);
    address.searchParams.set("limit", "4");
    const answer = await callApi(address, { signal });
    return answer.ok ? answer.body : null;
  };
  const asked = askWhileTyping(field, ask, (answer, typed) => {
    const words = answer.corrected ?? typed;
    options = [];
    chosen = -1;
    field.removeAttribute("aria-activedescendant");
    const all = new URL(form.action);
    all.searchParams.set("q", typed);
    const artists = answer.artists.map(({ name, slug }) => {
      return { name: artistName(name), address: fillAddress(text("artistPage"), slug) };
    });
    const albums = answer.albums.map(({ id, title, artist }) => {
      return { name: title, by: artistName(artist), address: fillAddress(text("albumPage"), id) };
    });
    const songs = answer.tracks.map(({ id, title, artist }) => {
      return { name: title, by: artistName(artist), address: fillAddress(text("trackPage"), id) };
    });
    /** @type {[string, Row[]][]} */
    const found = [
      [text("artists"), artists],
      [text("albums"), albums],
      [text("songs"), songs],
    ];
    const groups = found.filter(([, rows]) => rows.length).map(([label, rows]) => group(label, rows, words));
    if (groups.length) groups.push(group(text("all"), [{ name: words, address: all.href }], ""));
    list.replaceChildren(...groups);
    status.textContent = !typed ? "" : text(groups.length ? "some" : "none");
    show(groups.length > 0 && document.activeElement === field);
  });

  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const option = options[chosen];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!options.length) return;
      event.preventDefault();
      if (list.hidden) show(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      const places = options.length + 1; // one of them is the field itself
      choose(((chosen + 1 + step + places) % places) - 1);
    } else if (event.key === "Enter" && option && !list.hidden) {
      event.preventDefault();
      navigate(option.dataset.address ?? "");
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
    const option = closestElement(event.target, "[role=option]");
    if (option) navigate(option.dataset.address ?? "");
  });
  form.addEventListener("submit", () => asked.stop());
  signal.addEventListener("abort", () => asked.stop());
}

onEachPage((signal) => {
  for (const field of findElements(document, "[data-results]", HTMLInputElement)) showResults(field, signal);
  for (const field of findElements(document, "[data-suggestions]", HTMLInputElement)) showSuggestions(field, signal);
});
