import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { ACCOUNTS, LINES, PING } from "../src/queries.js";

const lines = [
  { day: "2025-11-02", kind: "fee", cents: 500 },
  { day: "2025-11-17", kind: "charge", cents: 1000 },
];

const db = {
  query(sql) {
    if (sql === PING) return [{ one: 1 }];
    if (sql === LINES) return lines;
    if (sql === ACCOUNTS) return [{ account: "A1" }];
    throw new Error(`the tests know no answer to: ${sql}`);
  },
};

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("what a month comes to", async () => {
  assert.equal((await get("/statement", { account: "A1", month: "2025-11" })).body.balance, 1500);
});

test("the accounts of a holder", async () => {
  assert.deepEqual((await get("/accounts", { holder: "h1" })).body.accounts, [{ account: "A1" }]);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/statement", { account: "A1", month: "November" })).statusCode, 400);
  assert.equal((await get("/statement", { account: "A1" })).statusCode, 400);
});
