import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { stores } from "./stores.js";

const titles = [
  { venue: "north", lang: "en", id: "e1", title: "Storm" },
  { venue: "north", lang: "de", id: "e1", title: "Sturm" },
];

async function get(path, query, given) {
  const { statusCode, body } = await handler({ path, query }, given);
  return { statusCode, body: JSON.parse(body) };
}

test("what is on at a venue", async () => {
  const { body } = await get("/events", { venue: "north", lang: "de" }, stores({ titles }));
  assert.deepEqual(body.events, [{ id: "e1", title: "Sturm" }]);
});

test("the second visitor is answered from the cache", async () => {
  const given = stores({ titles });
  await get("/events", { venue: "north", lang: "en" }, given);
  await get("/events", { venue: "north", lang: "en" }, given);
  assert.equal(given.asked(), 1);
});

test("orders to print", async () => {
  const given = stores({ queue: ['{"order":"LF-1"}'] });
  assert.deepEqual((await get("/prints", {}, given)).body.orders, [{ order: "LF-1" }]);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/events", {}, stores({}))).statusCode, 400);
  assert.equal((await get("/events", { venue: "north", lang: "xx" }, stores({}))).statusCode, 400);
  assert.equal((await get("/nowhere", {}, stores({}))).statusCode, 404);
});
