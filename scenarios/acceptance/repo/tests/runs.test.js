import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { OPEN, PING, RUNS } from "../src/queries.js";

const rows = [{ id: 2, started_at: "2026-01-02", outcome: "ok", archived: false }];
const grouped = [{ device: "mill", archived: false, runs: 3 }];

function database(groups = grouped) {
  return { query: (sql) => new Map([[PING, [{ one: 1 }]], [RUNS, rows], [OPEN, groups]]).get(sql) };
}

async function get(path, query, db = database()) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("the runs of a device", async () => {
  assert.deepEqual((await get("/runs", { device: "mill" })).body.runs, [{ id: 2, outcome: "ok", archived: false }]);
});

test("devices with open runs", async () => {
  assert.deepEqual((await get("/open", {})).body.open, [{ device: "mill", runs: 3 }]);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/runs", {})).statusCode, 400);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
