import test from "node:test";
import assert from "node:assert/strict";
import { reference } from "../src/reference.js";

test("capitals and the dash", () => {
  assert.equal(reference("KX-0042"), "KX-0042");
  assert.equal(reference(" kx 0042"), "KX-0042");
  assert.equal(reference("kx0042 "), "KX-0042");
});

test("what is no reference stays as it was typed", () => {
  assert.equal(reference("mr. smith"), "mr. smith");
});
