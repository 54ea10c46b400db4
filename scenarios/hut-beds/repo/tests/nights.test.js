import test from "node:test";
import assert from "node:assert/strict";
import { takes } from "../src/nights.js";

const stay = { arrives: "2026-07-10", leaves: "2026-07-12" };

test("a stay takes beds from its first night on", () => {
  assert.equal(takes(stay, "2026-07-09"), false);
  assert.equal(takes(stay, "2026-07-10"), true);
  assert.equal(takes(stay, "2026-07-11"), true);
});

test("and none when it is over", () => {
  assert.equal(takes(stay, "2026-07-13"), false);
});
