import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { COUNT, PAGE, PARCEL, PING } from "../src/queries.js";

const rows = Array.from({ length: 45 }, (_, i) => ({ id: `p${String(i + 1).padStart(2, "0")}`, place: "hub", state: "moving" }));

const db = {
  query(sql, parameters) {
    if (sql === PING) return [{ one: 1 }];
    if (sql === COUNT) return [{ count: rows.length }];
    if (sql === PAGE) return rows.slice(parameters[1], parameters[1] + parameters[0]);
    if (sql === PARCEL) return rows.filter((row) => row.id === parameters[0]);
    throw new Error(`the tests know no answer to: ${sql}`);
  },
};

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("the first page", async () => {
  const { body } = await get("/parcels", { page: "1" });
  assert.equal(body.parcels.length, 20);
  assert.equal(body.parcels[0].id, "p01");
  assert.equal(body.pages, 3);
});

test("one parcel", async () => {
  assert.equal((await get("/parcel", { id: "p07" })).body.place, "hub");
  assert.equal((await get("/parcel", { id: "none" })).statusCode, 404);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/parcels", { page: "0" })).statusCode, 400);
  assert.equal((await get("/parcels", { page: "two" })).statusCode, 400);
  assert.equal((await get("/parcel", {})).statusCode, 400);
});
