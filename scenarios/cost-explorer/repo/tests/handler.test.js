import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { database, line } from "./rows.js";

const db = database({
  accounts: [
    { id: "100000000002", name: "Willow", currency: "CNY", utc_offset: "+08:00" },
    { id: "100000000001", name: "Orchard", currency: "CNY", utc_offset: "+08:00" },
  ],
  lines: [line("100000000001", "2025-10-15T08:00:00Z", "Compute", 1_230_000)],
});

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("health", async () => {
  assert.deepEqual(await get("/health"), { statusCode: 200, body: { status: "ok" } });
});

test("accounts are sorted by name", async () => {
  const { body } = await get("/accounts");
  assert.deepEqual(body.accounts.map((account) => account.name), ["Orchard", "Willow"]);
});

test("a report", async () => {
  const { statusCode, body } = await get("/report", { account: "100000000001", month: "2025-10" });
  assert.equal(statusCode, 200);
  assert.equal(body.total, "1.23");
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/report", { month: "2025-10" })).statusCode, 400);
  assert.equal((await get("/report", { account: "100000000001", month: "October" })).statusCode, 400);
  assert.equal((await get("/report", { account: "100000000009", month: "2025-10" })).statusCode, 404);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
