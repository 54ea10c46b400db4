import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { search } from "../src/search.js";
import { database } from "./rows.js";

const db = database({
  articles: [
    { id: "a1", title: "Paying by invoice", body: "Send us the number of your company." },
    { id: "a2", title: "Refund of an order", body: "It takes five days." },
    { id: "a3", title: "Changing an order", body: "Before it is sent; afterwards ask for a Refund." },
  ],
  attachments: [{ ticket: "T-1", key: "T-1/receipt.pdf" }],
});

const ids = (q) => search(db, q).articles.map((article) => article.id);

test("titles and texts are searched, titles come first", () => {
  assert.deepEqual(ids("Refund"), ["a2", "a3"]);
  assert.deepEqual(ids("company"), ["a1"]);
});

test("all words must be there", () => {
  assert.deepEqual(ids("Refund order"), ["a2", "a3"]);
  assert.deepEqual(ids("Refund invoice"), []);
});

test("routes", async () => {
  const get = async (path, query) => {
    const { statusCode, body } = await handler({ path, query }, { db });
    return { statusCode, body: JSON.parse(body) };
  };
  assert.equal((await get("/article", { id: "a1" })).body.title, "Paying by invoice");
  assert.equal((await get("/article", { id: "a9" })).statusCode, 404);
  assert.equal((await get("/search", {})).statusCode, 400);
  assert.equal((await get("/attachments", { ticket: "T-1" })).body.attachments.length, 1);
});
