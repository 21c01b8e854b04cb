// Hands a file from one page of ours to another that it opens in a new tab. The file stays on this computer: both tabs read
// the same one.

const ASKING = "stemoteca:file";

let hasAsked = false;

/**
 * Open a page in a new tab, and give it a file whenever it asks, as it does again when it is loaded again.
 * @param {string} address
 * @param {File} file
 */
export function openWithFile(address, file) {
  const tab = open(address, "_blank");
  addEventListener("message", ({ source, origin, data }) => {
    if (tab && source === tab && origin === location.origin && data === ASKING) tab.postMessage({ file }, origin);
  });
}

/**
 * Ask the page that opened this tab for a file, once in a document.
 * @param {(file: File) => void} take
 * @param {AbortSignal} [signal]
 */
export function receiveFile(take, signal) {
  const { opener } = window;
  if (!opener || hasAsked) return;
  hasAsked = true;
  const options = signal ? { signal } : {};
  addEventListener(
    "message",
    ({ source, origin, data }) => {
      if (source === opener && origin === location.origin && data.file instanceof File) take(data.file);
    },
    options,
  );
  opener.postMessage(ASKING, location.origin);
}
