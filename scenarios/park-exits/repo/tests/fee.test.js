import test from "node:test";
import assert from "node:assert/strict";
import { fee } from "../src/fee.js";

test("the first quarter of an hour is free", () => {
  assert.equal(fee(3), 0);
  assert.equal(fee(15), 0);
});

test("each hour that was begun counts", () => {
  assert.equal(fee(16), 220);
  assert.equal(fee(61), 440);
  assert.equal(fee(179), 660);
});
