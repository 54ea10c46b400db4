import test from "node:test";
import assert from "node:assert/strict";
import { money } from "../src/money.js";

test("whole units and cents", () => {
  assert.equal(money(12_340_000), "12.34");
  assert.equal(money(5_000_000_000), "5000.00");
  assert.equal(money(0), "0.00");
});

test("halves are rounded away from zero", () => {
  assert.equal(money(1_005_000), "1.01");
  assert.equal(money(-1_005_000), "-1.01");
});

test("credits too small for a cent are not minus zero", () => {
  assert.equal(money(-400), "0.00");
});
