import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { PING, SAILINGS } from "../src/queries.js";

function database(departs) {
  const answers = new Map([[PING, [{ one: 1 }]], [SAILINGS, [{ id: 1, ship: "Skarven", departs, boarded: 3 }]]]);
  return { query: (sql) => answers.get(sql) };
}

async function get(path, query, departs = "10:40") {
  const { statusCode, body } = await handler({ path, query }, { db: database(departs) });
  return { statusCode, body: JSON.parse(body) };
}

test("sailings with their gates", async () => {
  const { body } = await get("/sailings", { day: "2026-09-03" });
  assert.deepEqual(body.sailings, [{ ship: "Skarven", departs: "10:40", closes: "10:30", boarded: 3 }]);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/sailings", {})).statusCode, 400);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
