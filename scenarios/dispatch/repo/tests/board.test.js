import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { DEPOTS, PING, TRIPS } from "../src/queries.js";

const trips = [
  { trip: "t1", van: "v1", due: "09:00", arrived: "09:00" },
  { trip: "t2", van: "v4", due: "11:50", arrived: "12:05" },
];

const db = {
  query(sql) {
    if (sql === PING) return [{ one: 1 }];
    if (sql === TRIPS) return trips;
    if (sql === DEPOTS) return [{ depot: "D1" }];
    throw new Error(`the tests know no answer to: ${sql}`);
  },
};

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("how late a trip is", async () => {
  const { body } = await get("/board", { depot: "D1" });
  assert.deepEqual(body.trips.slice(0, 2).map(({ late_min }) => late_min), [0, 15]);
});

test("the depots", async () => {
  assert.deepEqual((await get("/depots", {})).body.depots, ["D1"]);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/board", {})).statusCode, 400);
});
