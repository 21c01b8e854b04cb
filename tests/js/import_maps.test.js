import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);

/** @param {string} path */
const read = (path) => readFileSync(new URL(path, ROOT), "utf8");

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
  const base = read("templates/base.html");
  const templates = [
    "separation/track",
    "separation/upload",
    "library/setlist",
    "catalog/name_edit",
    "catalog/split",
    "practice/beats",
  ];
  for (const template of templates) {
    const page = read(`templates/${template}.html`);
    const mapped = [...`${base}${page}`.matchAll(/"stemoteca\/(.*)": "\{% static 'js\/(.*)\.js' %\}"/g)];
    for (const [, name, file] of mapped) assert.equal(name, file);
    const scripts = [...`${base}${page}`.matchAll(/type="module" src="\{% static 'js\/(.*)' %\}"/g)];
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
