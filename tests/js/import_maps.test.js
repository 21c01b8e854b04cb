import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);

/** @param {string} path */
const read = (path) => readFileSync(new URL(path, ROOT), "utf8");

/** @param {string} pattern */
const files = (pattern) => globSync(pattern, { cwd: fileURLToPath(ROOT) });

/** @type {Map<string, string>} the file of each module that the map names */
const mapped = new Map(
  [...read("templates/includes/import_map.html").matchAll(/"stemoteca\/(.*)": "\{% static '(.*)' %\}"/g)].map(
    ([, name = "", file = ""]) => [name, file],
  ),
);

test("each module that a script imports is in the map, and nothing else is", () => {
  // Imported at the top or when it is needed, or listed for a worker, on a line of its own.
  const naming = /(?:^import .*|^\} from |import\(|resolve\(|^ +)"stemoteca\/([\w/]+)"[;,)]/gm;
  const imported = new Set(
    files("static/js/**/*.js").flatMap((path) => [...read(path).matchAll(naming)].map(([, name = ""]) => name)),
  );
  assert.deepEqual([...mapped.keys()].toSorted(), [...imported].toSorted());
});

test("each name in the map is that of its file", () => {
  for (const [name, file] of mapped) {
    assert.equal(file, `js/${name}.js`);
    assert.ok(existsSync(new URL(`static/${file}`, ROOT)), file);
  }
});

test("no page has a map of its own", () => {
  const maps = files("templates/**/*.html").filter((path) => read(path).includes('type="importmap"'));
  assert.deepEqual(maps, ["templates/includes/import_map.html"]);
  assert.match(read("templates/base.html"), /\{% include "includes\/import_map.html" %\}/);
});
