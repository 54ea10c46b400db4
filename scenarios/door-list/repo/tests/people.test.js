import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { database } from "./rows.js";

const db = database({
  people: [{ id: "p1", name: "Aas", seat: 2 }, { id: "p2", name: "Bie", seat: 4 }],
  wishes: [{ id: "w1", whom: "p9" }],
});

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("the people of a company", async () => {
  const { people } = (await get("/people", { company: "NF-0001" })).body;
  assert.deepEqual(people.map(({ id, seat }) => [id, seat]), [["p1", 2], ["p2", 4]]);
});

test("whom somebody wishes to meet", async () => {
  assert.deepEqual((await get("/wishes", { person: "p1" })).body.wishes, [{ id: "w1", whom: "p9" }]);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/people", {})).statusCode, 400);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
