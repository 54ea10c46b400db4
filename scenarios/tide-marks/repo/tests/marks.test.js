import test from "node:test";
import assert from "node:assert/strict";
import { warning } from "../src/marks.js";

test("a level above its mark is warned of", () => {
  assert.deepEqual(warning(612, 600), { above: 12, warn: true });
});

test("one below it is not", () => {
  assert.deepEqual(warning(588, 600), { above: -12, warn: false });
});
