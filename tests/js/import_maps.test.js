import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);

/** @param {string} path */
const read = (path) => readFileSync(new URL(path, ROOT), "utf8");

/**
 * A template, after those that it extends.
 * @param {string} name
 * @returns {string}
 */
function readTemplate(name) {
  const text = read(`templates/${name}`);
  const parent = /\{% extends "(.*)" %\}/.exec(text)?.[1];
  return parent ? readTemplate(parent) + text : text;
}

/**
 * The modules that a module imports or lists, with those that they import.
 * @param {string} path below static/js
 * @param {Set<string>} [found]
 */
function importsOf(path, found = new Set()) {
  for (const [, name = ""] of read(`static/js/${path}`).matchAll(
    /^(?:(?:import|\} from) .*| +)"stemoteca\/(.*)"[;,]$/gm,
  )) {
    if (!found.has(name)) importsOf(`${name}.js`, found.add(name));
  }
  return found;
}

test("a page's import map names each module that its scripts import", () => {
  const templates = [
    "separation/track",
    "separation/upload",
    "library/setlist",
    "catalog/name_edit",
    "catalog/split",
    "practice/beats",
    "separation/setlist_player",
  ];
  for (const template of templates) {
    const page = readTemplate(`${template}.html`);
    const mapped = [...page.matchAll(/"stemoteca\/(.*)": "\{% static 'js\/(.*)\.js' %\}"/g)];
    for (const [, name, file] of mapped) assert.equal(name, file);
    const scripts = [...page.matchAll(/type="module" src="\{% static 'js\/(.*)' %\}"/g)];
    assert.ok(scripts.length >= 4, template);
    const known = new Set(mapped.map(([, name]) => name));
    for (const [, script = ""] of scripts) {
      assert.deepEqual(
        [...importsOf(script)].filter((name) => !known.has(name)),
        [],
        `${template}: ${script}`,
      );
    }
  }
});
