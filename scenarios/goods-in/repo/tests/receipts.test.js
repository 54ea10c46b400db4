import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { database } from "./rows.js";

const db = database({
  receipts: [{ id: "r1", supplier: "Aker", article: "A-1", pieces: 12 }, { id: "r2", supplier: "Bru", article: "A-2", pieces: 4 }],
  counts: [{ id: "c1", pieces: 40, person: "Siv" }],
});

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("what came in on a day", async () => {
  const { receipts, pieces } = (await get("/receipts", { day: "2026-04-02" })).body;
  assert.deepEqual(receipts.map(({ id, supplier }) => [id, supplier]), [["r1", "Aker"], ["r2", "Bru"]]);
  assert.equal(pieces, 16);
});

test("what was counted", async () => {
  assert.deepEqual((await get("/counts", { article: "A-1" })).body.counts, [{ id: "c1", pieces: 40, person: "Siv" }]);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/receipts", {})).statusCode, 400);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
