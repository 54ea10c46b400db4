import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { OF_SITE, PAGES, PING } from "../src/queries.js";

function database(rows) {
  return { query: (sql) => new Map([[PING, [{ one: 1 }]], [OF_SITE, rows], [PAGES, [{ pages: 3 }]]]).get(sql) };
}

async function get(path, query, rows = [{ id: "a", kind: "app", name: "blog" }]) {
  const { statusCode, body } = await handler({ path, query }, { db: database(rows) });
  return { statusCode, body: JSON.parse(body) };
}

test("the apps of a site, and the pages of one", async () => {
  assert.deepEqual((await get("/apps", { site: "s" })).body.apps, [{ id: "a", name: "blog" }]);
  assert.equal((await get("/pages", { owner: "a" })).body.pages, 3);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/apps", {})).statusCode, 400);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
