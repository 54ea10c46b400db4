import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { SCANS } from "../src/settings.js";
import { database } from "./rows.js";

const db = database({ sites: [{ id: 1, name: "Berg", points: 400 }, { id: 2, name: "Dal", points: 120 }] });

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("the sites of an area", async () => {
  const { sites } = (await get("/sites", { area: "north" })).body;
  assert.deepEqual(sites, [{ site: 1, name: "Berg", points: 400 }, { site: 2, name: "Dal", points: 120 }]);
});

test("where a scan lies", async () => {
  assert.equal((await get("/scan", { site: "2" })).body.path, `${SCANS}/scan-2.csv`);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/sites", {})).statusCode, 400);
  assert.equal((await get("/scan", { site: "9" })).statusCode, 404);
});
