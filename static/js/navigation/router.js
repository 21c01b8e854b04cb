// Shows other pages in this document while a song plays, which a new document would end. Where nothing plays, and
// wherever something is out of the ordinary, the browser loads the page itself.

import { isAborted, NetworkError, networkErrors, request } from "stemoteca/api";
import { closestElement, findElement, getElement } from "stemoteca/dom";
import { noteAddress, pageOf, setRouter } from "stemoteca/navigation/address";
import { addStyles, canShow, loadScripts, showDocument } from "stemoteca/navigation/document";
import { addressOfLink, wantedByForm } from "stemoteca/navigation/links";
import { enterPage, leavePage } from "stemoteca/navigation/pages";

/** @typedef {import("stemoteca/navigation/links").Wanted} Wanted */

/**
 * What came: a page that can be shown, or "other" with the answer, which the browser has to load; null where another page
 * is wanted meanwhile, or none can be reached.
 * @typedef {{ page: Document, address: URL } | { other: Response } | null} Fetched
 */

/** Event: "unreachable", when no answer came and the page stays. */
export class Router extends EventTarget {
  /** @type {Map<number, number>} how far each page of the history was scrolled */
  #scrolled = new Map();
  #last = 0; // number of the page that was added to the history last
  #here = 0;
  /** @type {AbortController | null} */
  #loading = null;
  /** @type {HTMLFormElement | null} that the browser sends itself */
  #unrouted = null;
  /** @type {HTMLFormElement | null} that is being sent */
  #sent = null;

  /**
   * @param {() => boolean} isWanted
   * @param {HTMLElement} status says which page is shown
   */
  constructor(isWanted, status) {
    super();
    this.isWanted = isWanted;
    this.status = status;
    setRouter(this);
    // At the window, after everything that listens at the document.
    addEventListener("click", (event) => {
      const link = closestElement(event.target, "a[href]");
      if (event.defaultPrevented || !(link instanceof HTMLAnchorElement) || !isWanted()) return;
      const { href, target } = link;
      const address = addressOfLink({ href, target, isDownload: link.hasAttribute("download") }, event, location.href);
      if (!address) return;
      event.preventDefault();
      this.go(address);
    });
    addEventListener("submit", (event) => {
      const { target: form, submitter } = event;
      if (event.defaultPrevented || !(form instanceof HTMLFormElement) || !isWanted()) return;
      if (form === this.#unrouted || "unrouted" in form.dataset) return;
      const wanted = wantedByForm(formOf(form, submitter), new FormData(form, submitter), location.href);
      if (!wanted) return;
      event.preventDefault();
      if (form !== this.#sent) this.#send(form, submitter, wanted);
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
    const fetched = await this.#load({ address });
    if (!fetched) return;
    if ("other" in fetched) location.assign(address);
    else this.#show(fetched, false);
  }

  /**
   * Send a form, and show the page that answers.
   * @param {HTMLFormElement} form
   * @param {HTMLElement | null} submitter
   * @param {Wanted} wanted
   */
  async #send(form, submitter, wanted) {
    this.#sent = form;
    const fetched = await this.#load(wanted);
    if (this.#sent === form) this.#sent = null;
    if (!fetched) return;
    if (!("other" in fetched)) this.#show(fetched, false);
    else if (!wanted.body) location.assign(wanted.address);
    else if (fetched.other.redirected) location.assign(fetched.other.url);
    else {
      // An error that has a page of its own: nothing was done.
      this.#unrouted = form;
      form.requestSubmit(submitter);
    }
  }

  /** Go to the page whose address the browser shows, as somebody went back or forward. */
  async follow() {
    const fetched = await this.#load({ address: new URL(location.href) });
    if (!fetched) return;
    if ("other" in fetched) location.reload();
    else this.#show(fetched, true);
  }

  /**
   * Load a page with its styles.
   * @param {Wanted} wanted
   * @returns {Promise<Fetched>}
   */
  async #load({ address, body }) {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    try {
      const method = body ? "POST" : "GET";
      const headers = { Accept: "text/html" };
      const answer = await request(address, { method, body, headers, signal: loading.signal });
      const isPage = /^text\/html\b/.test(answer.headers.get("Content-Type") ?? "");
      if (!isPage || !(answer.ok || body)) {
        const isCurrent = this.#loading === loading;
        loading.abort(); // it may be a large file
        return isCurrent ? { other: answer } : null;
      }
      const page = new DOMParser().parseFromString(await networkErrors(answer.text()), "text/html");
      if (canShow(page)) await addStyles(page);
      if (this.#loading !== loading) return null;
      if (!canShow(page)) return { other: answer };
      const shown = new URL(answer.url);
      shown.hash ||= address.hash;
      return { page, address: shown };
    } catch (error) {
      if (isAborted(error)) return null;
      if (!(error instanceof NetworkError)) throw error;
      this.dispatchEvent(new Event("unreachable"));
      return null;
    }
  }

  /**
   * @param {{ page: Document, address: URL }} fetched
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

/**
 * What a form says of how it is sent, and the button that sends it.
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 */
function formOf(form, submitter) {
  const said = (/** @type {string} */ name) =>
    submitter?.getAttribute(`form${name}`) ?? form.getAttribute(name) ?? undefined;
  return {
    action: said("action") || location.href,
    method: said("method") ?? "get",
    target: said("target") ?? "",
    encoding: said("enctype") ?? "",
  };
}
