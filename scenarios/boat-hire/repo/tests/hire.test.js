import test from "node:test";
import assert from "node:assert/strict";
import { takes } from "../src/hire.js";

const week = { from_day: "2026-05-02", to_day: "2026-05-09" };

test("a boat that is out is taken", () => {
  assert.equal(takes(week, "2026-05-02"), true);
  assert.equal(takes(week, "2026-05-05"), true);
});

test("before and after it is not", () => {
  assert.equal(takes(week, "2026-05-01"), false);
  assert.equal(takes(week, "2026-05-10"), false);
});

test("a hire of one day takes that day", () => {
  assert.equal(takes({ from_day: "2026-05-03", to_day: "2026-05-03" }, "2026-05-03"), true);
});
