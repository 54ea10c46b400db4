import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { PING, TARIFF, TARIFFS } from "../src/queries.js";

function database(standing_ct) {
  const tariff = { name: "basic", unit_ct: 30, standing_ct };
  const answers = new Map([[PING, [{ one: 1 }]], [TARIFF, [tariff]], [TARIFFS, [tariff]]]);
  return { query: (sql) => answers.get(sql) };
}

async function get(path, query, standing_ct = 12000) {
  const { statusCode, body } = await handler({ path, query }, { db: database(standing_ct) });
  return { statusCode, body: JSON.parse(body) };
}

test("a year by a tariff", async () => {
  const { body } = await get("/quote", { tariff: "basic", kwh: "1000" });
  assert.deepEqual(body, { tariff: "basic", kwh: 1000, energy_ct: 30000, standing_ct: 12000, month_ct: 1000, total_ct: 42000 });
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/quote", { tariff: "basic" })).statusCode, 400);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
