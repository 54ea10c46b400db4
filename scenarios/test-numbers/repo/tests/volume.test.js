import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { CLIENTS, MESSAGES, OF_DAY, PING } from "../src/queries.js";

function database(rows) {
  const answers = new Map([
    [PING, () => [{ one: 1 }]],
    [CLIENTS, () => [{ id: 1, name: "one", messages: rows.length }]],
    [OF_DAY, () => rows],
    [MESSAGES, () => rows],
  ]);
  return { query: (sql, parameters) => answers.get(sql)(parameters) };
}

async function get(db, path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("a day's messages, and those that arrived", async () => {
  const db = database([{ state: "arrived", attempts: 1 }, { state: "failed", attempts: 1 }]);
  const { body } = await get(db, "/volume", { client: "1", day: "2026-03-01" });
  assert.deepEqual(body, { client: 1, day: "2026-03-01", messages: 2, arrived: 1 });
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get(database([]), "/volume", { client: "1" })).statusCode, 400);
  assert.equal((await get(database([]), "/nowhere", {})).statusCode, 404);
});
