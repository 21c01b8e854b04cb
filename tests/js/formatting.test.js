import assert from "node:assert/strict";
import { test } from "node:test";
import * as formatting from "stemoteca/formatting";

test("times have hours only where there are any", () => {
  const times = [
    [0, "0:00"],
    [-1, "0:00"],
    [59.9999999, "1:00"],
    [245.3, "4:05"],
    [3599.9, "59:59"],
    [3725, "1:02:05"],
    [36_000, "10:00:00"],
  ];
  for (const [seconds, text] of times) assert.equal(formatting.formatTime(Number(seconds)), text);
});

test("a time is read as it is written or in plain seconds", () => {
  const times = [
    ["1:05.5", 65.5],
    ["65,5", 65.5],
    [" 0:07 ", 7],
    ["90", 90],
  ];
  for (const [text, seconds] of times) assert.equal(formatting.parseTime(String(text)), seconds);
  for (const text of ["", "x", "1:", ":5", "1:2:3", "-1", "1e3"]) assert.ok(Number.isNaN(formatting.parseTime(text)));
});

test("an exact time is read as it was written", () => {
  for (const [seconds, text] of /** @type {[number, string][]} */ ([
    [0, "0:00"],
    [62.5, "1:02.5"],
    [9.9996, "0:10"],
    [59.9996, "1:00"],
    [3725.25, "62:05.25"],
  ])) {
    assert.equal(formatting.formatExactTime(seconds), text);
    assert.ok(Math.abs(formatting.parseTime(text) - seconds) <= 0.0005);
  }
});

test("sizes are rounded up in kB and have a decimal below 10 MB", () => {
  const sizes = [
    [0, "0 kB"],
    [1, "1 kB"],
    [999_999, "1000 kB"],
    [1_000_000, "1.0 MB"],
    [9_870_000, "9.9 MB"],
    [12_345_678, "12 MB"],
    [1_500_000_000, "1.5 GB"],
  ];
  for (const [bytes, text] of sizes) assert.equal(formatting.formatSize(Number(bytes)), text);
});

test("a remaining time is rounded to what need not be read twice", () => {
  assert.deepEqual(formatting.roundRemainingTime(0), { unit: "seconds", n: 5 });
  assert.deepEqual(formatting.roundRemainingTime(52.4), { unit: "seconds", n: 50 });
  assert.deepEqual(formatting.roundRemainingTime(55), { unit: "minutes", n: 1 });
  assert.deepEqual(formatting.roundRemainingTime(150), { unit: "minutes", n: 3 });
});

test("100 percent is kept for what is finished", () => {
  assert.deepEqual([0, 0.425, 0.999, 1].map(formatting.percentDone), [0, 42, 99, 99]);
});

test("places are filled with what is given, and with nothing otherwise", () => {
  assert.equal(formatting.interpolate("{stem}: {percent} %", { stem: "贝斯", percent: 0 }), "贝斯: 0 %");
  assert.equal(formatting.interpolate("{n} of {all}", { n: 1 }), "1 of ");
  assert.equal(formatting.interpolate("{title}", { title: "{stem} $& $1" }), "{stem} $& $1");
});

test("an id or a slug takes the place of the nil UUID in an address", () => {
  const pattern = "/sub/artists/00000000-0000-0000-0000-000000000000/";
  assert.equal(formatting.fillAddress(pattern, "the-rio-trio"), "/sub/artists/the-rio-trio/");
  assert.equal(formatting.fillAddress(pattern, "a/../b"), "/sub/artists/a%2F..%2Fb/");
  assert.equal(formatting.fillAddress("/uploads/", ""), "/uploads/");
});

test("decimals that are zero are left out", () => {
  assert.equal(formatting.formatDecimal(0.30000000000000004, 3), "0.3");
  assert.equal(formatting.formatDecimal(1, 3), "1");
  assert.equal(formatting.formatDecimal(-0.125, 2), "-0.13");
});
