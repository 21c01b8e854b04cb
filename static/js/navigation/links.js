// Which links and forms lead to a page that can be shown in this document. Touches nothing of the page.

/** @typedef {{ button: number, ctrlKey: boolean, metaKey: boolean, shiftKey: boolean, altKey: boolean }} Press */
/** @typedef {{ href: string, target: string, isDownload: boolean }} Link */
/** @typedef {{ action: string, method: string, target: string, encoding: string }} Form */
/** @typedef {{ address: URL, body?: URLSearchParams | FormData }} Wanted a page, and what is sent for it by POST */

/**
 * Tell where a link leads; null where the browser follows it better itself.
 * @param {Link} link
 * @param {Press} press
 * @param {string} here address of the page
 */
export function addressOfLink({ href, target, isDownload }, press, here) {
  const isOrdinary = press.button === 0 && !press.ctrlKey && !press.metaKey && !press.shiftKey && !press.altKey;
  if (!isOrdinary || isDownload || !isHere(target)) return null;
  const address = ownAddress(href, here);
  const isWithinPage = address?.hash && href.replace(/#.*/, "") === here.replace(/#.*/, "");
  return isWithinPage ? null : address;
}

/**
 * Tell what a form with `data` asks for; null where the browser follows it better itself.
 * @param {Form} form
 * @param {FormData} data
 * @param {string} here address of the page
 * @returns {Wanted | null}
 */
export function wantedByForm({ action, method, target, encoding }, data, here) {
  const address = isHere(target) ? ownAddress(action, here) : null;
  if (!address) return null;
  const fields = new URLSearchParams([...data].map(([name, value]) => [name, String(value)]));
  switch (method.toLowerCase()) {
    case "get":
      address.search = fields.toString();
      return { address };
    case "post":
      return { address, body: encoding === "multipart/form-data" ? data : fields };
    default:
      return null;
  }
}

/** @param {string} target */
function isHere(target) {
  return target === "" || target === "_self";
}

/**
 * @param {string} href
 * @param {string} here
 */
function ownAddress(href, here) {
  const address = URL.canParse(href, here) ? new URL(href, here) : null;
  return address?.origin === new URL(here).origin ? address : null;
}
