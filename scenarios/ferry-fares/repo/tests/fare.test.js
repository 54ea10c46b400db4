import test from "node:test";
import assert from "node:assert/strict";
import { fare } from "../src/fare.js";

test("singles", () => {
  assert.equal(fare({ kind: "person", age: 40, way: "single" }), 1200);
  assert.equal(fare({ kind: "person", age: 9, way: "single" }), 600);
  assert.equal(fare({ kind: "person", age: 2, way: "single" }), 0);
  assert.equal(fare({ kind: "dog", age: 3, way: "single" }), 600);
});

test("the way back is cheaper", () => {
  assert.equal(fare({ kind: "person", age: 40, way: "return" }), 2100);
  assert.equal(fare({ kind: "bicycle", age: 0, way: "return" }), 700);
});
