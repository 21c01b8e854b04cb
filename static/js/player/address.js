// The address of a song's page, which says how the song is played: that of the page, while the player stands on it.

import { replaceAddress } from "stemoteca/navigation/address";

export class PlayerAddress {
  /**
   * @param {HTMLElement} root of the player
   * @param {URL} [url]
   */
  constructor(root, url = new URL(location.href)) {
    this.root = root;
    this.url = url;
  }

  get query() {
    return this.url.searchParams;
  }

  /** Make it that of the page, on which the player stands again. */
  show() {
    const address = new URL(this.url);
    address.hash = location.hash;
    replaceAddress(address);
  }

  /** @param {(query: URLSearchParams) => void} write changes what it says */
  change(write) {
    write(this.query);
    if (!this.root.isConnected) return; // the page is another one
    const address = new URL(location.href);
    write(address.searchParams);
    replaceAddress(address);
  }
}
