// Which links and forms lead to a page that can be shown in this document. Touches nothing of the page.

/** @typedef {{ button: number, ctrlKey: boolean, metaKey: boolean, shiftKey: boolean, altKey: boolean }} Press */
/** @typedef {{ href: string, target: string, isDownload: boolean }} Link */
/** @typedef {{ action: string, method: string, target: string }} Form */

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
 * Tell where a form with `fields` leads; null where it does not only ask for a page.
 * @param {Form} form
 * @param {[string, string][]} fields
 * @param {string} here address of the page
 */
export function addressOfForm({ action, method, target }, fields, here) {
  const address = method.toLowerCase() === "get" && isHere(target) ? ownAddress(action, here) : null;
  if (address) address.search = new URLSearchParams(fields).toString();
  return address;
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
