import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";

const cache = {
  hgetall: (key) => (key === "card:c1" ? { cents: "1250" } : {}),
  lrange: () => ['{"card":"c1","cents":2000}', '{"card":"c2","cents":1015}'],
};

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { cache });
  return { statusCode, body: JSON.parse(body) };
}

test("what a card has left", async () => {
  assert.equal((await get("/account", { id: "c1" })).body.balance, "12.50");
});

test("today's top-ups", async () => {
  assert.equal((await get("/today")).body.topups[1].amount, "10.15");
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/account", {})).statusCode, 400);
  assert.equal((await get("/account", { id: "c9" })).statusCode, 404);
});
