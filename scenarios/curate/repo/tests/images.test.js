import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { database } from "./rows.js";

const db = database({
  images: [{ id: "i1", file: "heron.jpg" }, { id: "i2", file: "bridge.jpg" }],
  labels: [{ image_id: "i1", label: "bird", labelled_by: "wim" }],
});

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("images and their labels", async () => {
  const { images } = (await get("/images")).body;
  assert.deepEqual(images.map(({ id, labels }) => [id, labels]), [["i1", 1], ["i2", 0]]);
  assert.deepEqual((await get("/labels", { image: "i1" })).body.labels, [{ label: "bird", by: "wim" }]);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/labels", {})).statusCode, 400);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
