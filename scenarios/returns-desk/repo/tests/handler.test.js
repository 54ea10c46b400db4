import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { database, line } from "./rows.js";

const db = database({ lines: [line("boots", 1, 12900)] });

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("health, orders, returns", async () => {
  assert.deepEqual(await get("/health"), { statusCode: 200, body: { status: "ok" } });
  assert.deepEqual((await get("/orders")).body.orders, ["O-1"]);
  assert.equal((await get("/returns", { order: "O-1" })).body.returns.length, 1);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/refund", {})).statusCode, 400);
  assert.equal((await get("/refund", { return: "R-9" })).statusCode, 404);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
