import test from "node:test";
import assert from "node:assert/strict";
import { monthlyReport } from "../src/report.js";
import { database, line } from "./rows.js";

const ACCOUNT = { id: "100000000001", name: "Orchard", currency: "CNY", utc_offset: "+08:00" };

const db = database({
  accounts: [ACCOUNT],
  lines: [
    line(ACCOUNT.id, "2025-09-15T10:00:00Z", "Compute", 2_500_000),
    line(ACCOUNT.id, "2025-10-11T02:00:00Z", "Compute", 40_000_000),
    line(ACCOUNT.id, "2025-10-14T03:00:00Z", "Compute", -4_000_000, "credit"),
    line(ACCOUNT.id, "2025-10-15T09:15:00Z", "Databases", 10_500_000),
    line(ACCOUNT.id, "2025-10-17T12:00:00Z", "Tax", 2_790_000, "tax"),
    line("100000000002", "2025-10-15T09:15:00Z", "Databases", 99_000_000),
    line(ACCOUNT.id, "2025-11-15T10:00:00Z", "Compute", 7_000_000),
  ],
});

test("a month's report holds that month's lines of that account", () => {
  assert.deepEqual(monthlyReport(db, ACCOUNT.id, "2025-10"), {
    account: "100000000001",
    name: "Orchard",
    currency: "CNY",
    month: "2025-10",
    lines: 4,
    usage: "50.50",
    credits: "-4.00",
    tax: "2.79",
    total: "49.29",
    services: [
      { service: "Compute", usage: "40.00", credits: "-4.00", tax: "0.00", total: "36.00" },
      { service: "Databases", usage: "10.50", credits: "0.00", tax: "0.00", total: "10.50" },
      { service: "Tax", usage: "0.00", credits: "0.00", tax: "2.79", total: "2.79" },
    ],
  });
});

test("a month without lines is an empty report", () => {
  const report = monthlyReport(db, ACCOUNT.id, "2025-01");
  assert.equal(report.total, "0.00");
  assert.deepEqual(report.services, []);
});

test("an unknown account is a 404", () => {
  assert.throws(() => monthlyReport(db, "999999999999", "2025-10"), /there is no account 999999999999/);
});
