// The page of models in the admin site: shows how far installations are, without loading the page again.

const PAUSE = 1000; // milliseconds between two questions, unless what is busy names another time
const LONGEST = 10000; // where the server does not answer

/** Ask again and again as long as something is being installed. */
async function follow() {
  let factor = 1;
  for (let pause = shortest(); pause; pause = shortest()) {
    await new Promise((done) => setTimeout(done, document.hidden ? LONGEST : Math.min(pause * factor, LONGEST)));
    const page = await ask();
    factor = page ? 1 : factor * 2;
    if (page) update(page);
  }
}

/** @returns {number} milliseconds until the next question; 0 where nothing is busy */
function shortest() {
  const busy = [...document.querySelectorAll("[data-busy]")];
  return busy.length && Math.min(...busy.map((one) => Number(one.getAttribute("data-busy")) || PAUSE));
}

/** @returns {Promise<Document | null>} the page as it is now; null where it does not come */
async function ask() {
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return null; // the server is being restarted
  }
}

/** @param {Document} page */
function update(page) {
  for (const shown of document.querySelectorAll("[data-live]")) {
    const name = shown.getAttribute("data-live") ?? "";
    const current = page.querySelector(`[data-live="${CSS.escape(name)}"]`);
    if (!current || (current.innerHTML === shown.innerHTML && current.isEqualNode(shown))) continue;
    if (current.getAttribute("data-state") === shown.getAttribute("data-state")) advance(shown, current);
    else exchange(name, shown, current);
  }
}

/**
 * The state is the same: only the sentence and the bar change, and what has the focus keeps it.
 * @param {Element} shown
 * @param {Element} current
 */
function advance(shown, current) {
  const sentence = shown.querySelector("[data-sentence]");
  const words = current.querySelector("[data-sentence]")?.textContent ?? "";
  if (sentence && sentence.textContent !== words) sentence.textContent = words;
  const value = current.querySelector("progress")?.getAttribute("value");
  if (value) shown.querySelector("progress")?.setAttribute("value", value);
}

/**
 * @param {string} name
 * @param {Element} shown
 * @param {Element} current
 */
function exchange(name, shown, current) {
  const focused = shown.contains(document.activeElement);
  shown.replaceWith(document.adoptNode(current));
  const heading = document.getElementById(`${name}-name`);
  if (focused) heading?.focus();
  const announce = document.querySelector("[data-announce]");
  const words = current.querySelector("[data-sentence]")?.textContent ?? "";
  if (announce) announce.textContent = `${heading?.textContent?.trim() ?? name}: ${words}`;
}

follow();
