import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fold } from "stemoteca/search/highlight";

/** @type {{ script: string, name: string, folded: string, same: string[], others: string[] }[]} */
const TABLE = JSON.parse(readFileSync(new URL("../catalog/folding.json", import.meta.url), "utf8"));

test("names are folded as the catalogue sorts them, in every script", () => {
  for (const { script, name, folded, same } of TABLE) {
    for (const each of [name, ...same]) assert.equal(fold(each), folded.normalize("NFKD"), `${script}: ${each}`);
  }
});

test("names that differ in a vowel sign or a dot are not folded alike", () => {
  for (const { script, name, folded, others } of TABLE) {
    for (const each of others) {
      if (fold(each) === fold(name)) assert.match(folded, /^[a-z]+$/, `${script}: ${each}`); // letters such as ø
    }
  }
});
