import test from "node:test";
import assert from "node:assert/strict";
import { monthWindow, offsetMs } from "../src/period.js";

test("a month in UTC", () => {
  assert.deepEqual(monthWindow("2025-03", "+00:00"), { from: "2025-03-01T00:00:00Z", to: "2025-04-01T00:00:00Z" });
});

test("December ends with the year", () => {
  assert.deepEqual(monthWindow("2024-12", "+00:00"), { from: "2024-12-01T00:00:00Z", to: "2025-01-01T00:00:00Z" });
});

test("a month begins at the account's midnight", () => {
  assert.equal(monthWindow("2025-08", "+08:00").from, "2025-07-31T16:00:00Z");
  assert.equal(monthWindow("2025-08", "-05:00").from, "2025-08-01T05:00:00Z");
});

test("offsets with minutes", () => {
  assert.equal(offsetMs("+05:30"), 19_800_000);
  assert.equal(offsetMs("-03:30"), -12_600_000);
});

test("what is not a month is refused", () => {
  for (const month of ["2025-13", "2025-00", "2025", "last month", ""]) {
    assert.throws(() => monthWindow(month, "+00:00"), /is not a month/);
  }
});
