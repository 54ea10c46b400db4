import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { ORDERS, PING, PRICE } from "../src/queries.js";

const articles = [{ sku: "A1", name: "lamp", cents: 4900 }, { sku: "A2", name: "shade", cents: 0 }];
const db = {
  query(sql, parameters) {
    if (sql === PING) return [{ one: 1 }];
    if (sql === PRICE) return articles.filter((article) => article.sku === parameters[0]);
    if (sql === ORDERS) return [{ id: 1, sku: "A1", pieces: 2 }];
    throw new Error(`the tests know no answer to: ${sql}`);
  },
};

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("an article and its price", async () => {
  assert.deepEqual((await get("/price", { sku: "A1" })).body, { sku: "A1", name: "lamp", cents: 4900 });
});

test("the orders of a day", async () => {
  assert.equal((await get("/orders", { day: "2026-02-01" })).body.orders.length, 1);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/price", {})).statusCode, 400);
  assert.equal((await get("/price", { sku: "none" })).statusCode, 404);
});
