// Shows other pages in this document while a song plays, which a new document would end. Where nothing plays, and
// wherever something is out of the ordinary, the browser loads the page itself.

import { isAborted, NetworkError, networkErrors, request } from "stemoteca/api";
import { closestElement, findElement, getElement } from "stemoteca/dom";
import { noteAddress, pageOf, setRouter } from "stemoteca/navigation/address";
import { addStyles, canShow, loadScripts, showDocument } from "stemoteca/navigation/document";
import { addressOfForm, addressOfLink } from "stemoteca/navigation/links";
import { enterPage, leavePage } from "stemoteca/navigation/pages";

/** @typedef {{ page: Document, address: URL }} Fetched */

export class Router {
  /** @type {Map<number, number>} how far each page of the history was scrolled */
  #scrolled = new Map();
  #last = 0; // number of the page that was added to the history last
  #here = 0;
  /** @type {AbortController | null} */
  #loading = null;

  /**
   * @param {() => boolean} isWanted
   * @param {HTMLElement} status says which page is shown
   */
  constructor(isWanted, status) {
    this.isWanted = isWanted;
    this.status = status;
    setRouter(this);
    document.addEventListener("click", (event) => {
      const link = closestElement(event.target, "a[href]");
      if (event.defaultPrevented || !(link instanceof HTMLAnchorElement) || !isWanted()) return;
      const { href, target } = link;
      const address = addressOfLink({ href, target, isDownload: link.hasAttribute("download") }, event, location.href);
      if (!address) return;
      event.preventDefault();
      this.go(address);
    });
    document.addEventListener("submit", (event) => {
      const form = event.target;
      if (event.defaultPrevented || !(form instanceof HTMLFormElement) || !isWanted()) return;
      const { submitter } = event;
      const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
      const fields = [...new FormData(form, submitter)].map(([name, value]) => [name, String(value)]);
      const address = addressOfForm(
        { action, method: submitter?.getAttribute("formmethod") ?? form.method, target: form.target },
        /** @type {[string, string][]} */ (fields),
        location.href,
      );
      if (!address) return;
      event.preventDefault();
      this.go(address);
    });
  }

  /**
   * Go to a page.
   * @param {URL} address
   */
  async go(address) {
    if (!this.isWanted()) {
      location.assign(address);
      return;
    }
    const fetched = await this.#load(address);
    if (fetched === "other") location.assign(address);
    else if (fetched) this.#show(fetched, false);
  }

  /** Go to the page whose address the browser shows, as somebody went back or forward. */
  async follow() {
    const fetched = await this.#load(new URL(location.href));
    if (fetched === "other") location.reload();
    else if (fetched) this.#show(fetched, true);
  }

  /**
   * Load a page with its styles: "other" where the browser has to, null where another one is wanted meanwhile.
   * @param {URL} address
   * @returns {Promise<Fetched | "other" | null>}
   */
  async #load(address) {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    try {
      const answer = await request(address, { signal: loading.signal, headers: { Accept: "text/html" } });
      const isPage = answer.ok && /^text\/html\b/.test(answer.headers.get("Content-Type") ?? "");
      if (!isPage) {
        loading.abort(); // it may be a large file
        return this.#loading === loading ? "other" : null;
      }
      const page = new DOMParser().parseFromString(await networkErrors(answer.text()), "text/html");
      if (!canShow(page)) return this.#loading === loading ? "other" : null;
      await addStyles(page);
      const shown = new URL(answer.url);
      shown.hash = address.hash;
      return this.#loading === loading ? { page, address: shown } : null;
    } catch (error) {
      if (isAborted(error)) return null;
      if (error instanceof NetworkError) return "other";
      throw error;
    }
  }

  /**
   * @param {Fetched} fetched
   * @param {boolean} isBack whether the history stays as it is
   */
  async #show({ page, address }, isBack) {
    this.#scrolled.set(this.#here, scrollY);
    history.scrollRestoration = "manual";
    leavePage();
    const isSame = pageOf(address) === pageOf(location);
    if (isBack || isSame) {
      history.replaceState(history.state, "", address);
      this.#here = history.state?.page ?? 0;
    } else {
      this.#last += 1;
      this.#here = this.#last;
      history.pushState({ page: this.#here }, "", address);
    }
    noteAddress();
    showDocument(page);
    enterPage();
    const main = getElement(document, "main", HTMLElement);
    main.focus({ preventScroll: true });
    const goal = address.hash && findElement(document, `#${CSS.escape(address.hash.slice(1))}`, HTMLElement);
    if (goal && !isBack) goal.scrollIntoView();
    else scrollTo({ top: isBack ? (this.#scrolled.get(this.#here) ?? 0) : 0, behavior: "instant" });
    this.status.textContent = document.title;
    await loadScripts(page);
  }
}
