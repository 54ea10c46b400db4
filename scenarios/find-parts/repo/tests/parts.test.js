import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { PARTS } from "../src/queries.js";
import { database } from "./rows.js";

const db = database({
  parts: [{ name: "belt 9", price: "9.50", stock: 3 }, { name: "belt 12", price: "88.00", stock: 1 }],
  notes: [{ name: "belt 9", note: "fits the old press" }],
});

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("parts of a kind", async () => {
  const { parts } = (await get("/parts", { kind: "belt" })).body;
  assert.deepEqual(parts, [{ name: "belt 9", price: 9.5, stock: 3 }, { name: "belt 12", price: 88, stock: 1 }]);
  assert.match(PARTS, /order by/);
});

test("notes", async () => {
  assert.deepEqual((await get("/notes", { kind: "belt" })).body.notes, [{ name: "belt 9", note: "fits the old press" }]);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/parts", {})).statusCode, 400);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
