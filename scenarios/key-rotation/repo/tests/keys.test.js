import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { GRANTS, KEYS, PING } from "../src/queries.js";

function database(keys) {
  const answers = new Map([[PING, [{ one: 1 }]], [KEYS, keys], [GRANTS, [{ place: "a", key_id: "k1" }]]]);
  return { query: (sql) => answers.get(sql) };
}

async function get(db, path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

const used = { id: "k1", made_on: "2026-01-01", last_used: "2026-04-01 08:15:30+00" };

test("keys and when they were used", async () => {
  assert.deepEqual((await get(database([used]), "/keys", {})).body.keys, [{ id: "k1", made: "2026-01-01", used: "2026-04-01 08:15" }]);
});

test("places with their key", async () => {
  assert.deepEqual((await get(database([]), "/grants", { deployment: "x" })).body.grants, [{ place: "a", key: "k1" }]);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get(database([]), "/grants", {})).statusCode, 400);
  assert.equal((await get(database([]), "/nowhere", {})).statusCode, 404);
});
