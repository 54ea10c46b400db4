import test from "node:test";
import assert from "node:assert/strict";
import { monthWindow } from "../src/period.js";

test("a month", () => {
  assert.deepEqual(monthWindow("2025-03"), { from: "2025-03-01T00:00:00Z", to: "2025-04-01T00:00:00Z" });
});

test("December ends with the year", () => {
  assert.deepEqual(monthWindow("2024-12"), { from: "2024-12-01T00:00:00Z", to: "2025-01-01T00:00:00Z" });
});

test("what is not a month is refused", () => {
  for (const month of ["2025-13", "2025-00", "2025", "last month", ""]) {
    assert.throws(() => monthWindow(month), /is not a month/);
  }
});
