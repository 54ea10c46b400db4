import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { build, database } from "./rows.js";

const db = database([build("b/b", "1", "passed"), build("a/a", "1", "failed"), build("a/a", "2", "passed")]);

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("health", async () => {
  assert.deepEqual(await get("/health"), { statusCode: 200, body: { status: "ok" } });
});

test("repositories and their builds", async () => {
  assert.deepEqual((await get("/repositories")).body.repositories, ["a/a", "b/b"]);
  assert.deepEqual((await get("/builds", { repository: "a/a" })).body.builds.map((b) => b.number), ["2", "1"]);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/badge", {})).statusCode, 400);
  assert.equal((await get("/badge", { repository: "none" })).statusCode, 404);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
