import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { database } from "./rows.js";

const db = database({
  plates: [{ id: "p1", title: "Field", crops: 2 }, { id: "p2", title: "Comet", crops: 0 }],
  crops: [{ id: "c1", caption: "a star", state: "kept" }],
});

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("the plates of a year", async () => {
  const { plates } = (await get("/plates", { year: "1911" })).body;
  assert.deepEqual(plates.map(({ id, crops }) => [id, crops]), [["p1", 2], ["p2", 0]]);
});

test("the crops of a plate", async () => {
  assert.deepEqual((await get("/crops", { plate: "p1" })).body.crops, [{ id: "c1", caption: "a star", state: "kept" }]);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/plates", {})).statusCode, 400);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
