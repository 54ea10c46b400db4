import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { BOOKINGS, PING } from "../src/queries.js";

function database(rows) {
  return { query: (sql) => new Map([[PING, [{ one: 1 }]], [BOOKINGS, rows]]).get(sql) };
}

async function get(db, path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

const rows = [{ id: 1, cents: 500, state: "booked" }, { id: 2, cents: -120, state: "booked" }];

test("a balance, and what it is made of", async () => {
  assert.equal((await get(database(rows), "/balance", { account: "a" })).body.cents, 380);
  assert.equal((await get(database(rows), "/bookings", { account: "a" })).body.bookings.length, 2);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get(database([]), "/balance", {})).statusCode, 400);
  assert.equal((await get(database([]), "/nowhere", {})).statusCode, 404);
});
