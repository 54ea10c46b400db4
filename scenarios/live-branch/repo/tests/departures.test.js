import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { shown } from "../src/delay.js";
import { DEPARTURES, PING } from "../src/queries.js";

const rows = [{ line: "4", towards: "Harbour", planned: "08:10", delay: 130, platform: "1" }];
const db = { query: (sql) => new Map([[PING, [{ one: 1 }]], [DEPARTURES, rows]]).get(sql) };

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("a departure, with its delay", async () => {
  const { body } = await get("/departures", { stop: "market" });
  assert.deepEqual(body.departures, [{ line: "4", towards: "Harbour", planned: "08:10", delay: "+2", platform: "1" }]);
});

test("less than a minute is no delay", () => {
  assert.equal(shown(59), "");
  assert.equal(shown(60), "+1");
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/departures", {})).statusCode, 400);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
