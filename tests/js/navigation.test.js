import assert from "node:assert/strict";
import { test } from "node:test";
import { pageOf } from "stemoteca/navigation/address";
import { addressOfLink, wantedByForm } from "stemoteca/navigation/links";

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

const FORM = { action: "/?old=1", method: "get", target: "", encoding: "" };

/** @param {Record<string, string>} fields */
function dataOf(fields) {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
}

test("a form that asks for a page leads to it, with its fields in place of another query", () => {
  const wanted = wantedByForm(FORM, dataOf({ q: "a b" }), HERE);
  assert.equal(wanted?.address.href, "https://music.example/?q=a+b");
  assert.equal(wanted?.body, undefined);
});

test("a form that changes something is sent as it says", () => {
  const form = { ...FORM, action: "/setlists/", method: "POST" };
  const data = dataOf({ title: "a & b" });
  const wanted = wantedByForm(form, data, HERE);
  assert.equal(wanted?.address.href, "https://music.example/setlists/");
  assert.equal(String(wanted?.body), "title=a+%26+b");
  assert.equal(wantedByForm({ ...form, encoding: "multipart/form-data" }, data, HERE)?.body, data);
});

test("forms of dialogs, for other windows and for other websites are left to the browser", () => {
  const data = dataOf({});
  assert.equal(wantedByForm({ ...FORM, method: "dialog" }, data, HERE), null);
  assert.equal(wantedByForm({ ...FORM, target: "_blank" }, data, HERE), null);
  assert.equal(wantedByForm({ ...FORM, action: "https://other.example/" }, data, HERE), null);
});
