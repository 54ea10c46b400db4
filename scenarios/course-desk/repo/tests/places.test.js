import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { HOMEWORK, PING, POINTS } from "../src/queries.js";

const sums = [
  { student: "ada", points: 90 },
  { student: "ben", points: 70 },
  { student: "cid", points: 40 },
];

const db = {
  query(sql, parameters) {
    if (sql === PING) return [{ one: 1 }];
    if (sql === POINTS) return parameters[0] === "sql-2026" ? sums : [];
    if (sql === HOMEWORK) return [{ homework: "h1", points: 40 }];
    throw new Error(`the tests know no answer to: ${sql}`);
  },
};

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("the most points come first", async () => {
  const { body } = await get("/places", { course: "sql-2026" });
  assert.deepEqual(body.places.map(({ place, student }) => [place, student]), [[1, "ada"], [2, "ben"], [3, "cid"]]);
});

test("what one student handed in", async () => {
  assert.equal((await get("/homework", { student: "ada" })).body.homework.length, 1);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/places", { course: "none" })).statusCode, 404);
  assert.equal((await get("/places", {})).statusCode, 400);
});
