import assert from "node:assert/strict";
import { test } from "node:test";
import { pageOf } from "stemoteca/navigation/address";
import { addressOfForm, addressOfLink } from "stemoteca/navigation/links";

const HERE = "https://music.example/artists/abba/?page=2#songs";
const PRESS = { button: 0, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };
const LINK = { href: "https://music.example/albums/1/", target: "", isDownload: false };

test("ordinary links to pages of the website are followed", () => {
  assert.equal(addressOfLink(LINK, PRESS, HERE)?.href, LINK.href);
  assert.equal(addressOfLink({ ...LINK, target: "_self" }, PRESS, HERE)?.href, LINK.href);
  assert.equal(addressOfLink({ ...LINK, href: "?page=3#songs" }, PRESS, HERE)?.search, "?page=3");
});

test("what a browser does better is left to it", () => {
  for (const key of ["ctrlKey", "metaKey", "shiftKey", "altKey"]) {
    assert.equal(addressOfLink(LINK, { ...PRESS, [key]: true }, HERE), null, key);
  }
  assert.equal(addressOfLink(LINK, { ...PRESS, button: 1 }, HERE), null);
  assert.equal(addressOfLink({ ...LINK, target: "_blank" }, PRESS, HERE), null);
  assert.equal(addressOfLink({ ...LINK, isDownload: true }, PRESS, HERE), null);
  for (const href of ["https://other.example/", "http://music.example/", "mailto:a@b.example", "javascript:void 0"]) {
    assert.equal(addressOfLink({ ...LINK, href }, PRESS, HERE), null, href);
  }
});

test("a link within the page is the browser's, one to the same page again is not", () => {
  const page = "https://music.example/artists/abba/?page=2";
  assert.equal(addressOfLink({ ...LINK, href: `${page}#main` }, PRESS, HERE), null);
  assert.equal(addressOfLink({ ...LINK, href: page }, PRESS, HERE)?.href, page);
  assert.equal(pageOf(new URL(`${page}#main`)), page);
});

test("a form that asks for a page leads to it, with its fields in place of another query", () => {
  const form = { action: "/?old=1", method: "get", target: "" };
  /** @type {[string, string][]} */
  const fields = [["q", "a b"]];
  assert.equal(addressOfForm(form, fields, HERE)?.href, "https://music.example/?q=a+b");
  assert.equal(addressOfForm({ ...form, method: "POST" }, fields, HERE), null);
  assert.equal(addressOfForm({ ...form, target: "_blank" }, fields, HERE), null);
  assert.equal(addressOfForm({ ...form, action: "https://other.example/" }, fields, HERE), null);
});
