import test from "node:test";
import assert from "node:assert/strict";
import { handler } from "../src/handler.js";
import { database } from "./rows.js";

const db = database({
  bookings: [{ id: "b1", guest: "Aas", seats: 2, hour: 18 }, { id: "b2", guest: "Bie", seats: 4, hour: 19 }],
  deposits: [{ booking_id: "b2", cents: 4000 }],
});

async function get(path, query) {
  const { statusCode, body } = await handler({ path, query }, { db });
  return { statusCode, body: JSON.parse(body) };
}

test("the bookings of a day", async () => {
  const { bookings } = (await get("/bookings", { day: "2026-04-02" })).body;
  assert.deepEqual(bookings.map(({ id, seats, hour }) => [id, seats, hour]), [["b1", 2, 18], ["b2", 4, 19]]);
});

test("what was paid ahead", async () => {
  assert.deepEqual((await get("/deposits", { day: "2026-04-02" })).body.deposits, [{ booking: "b2", cents: 4000 }]);
});

test("what the caller got wrong is said", async () => {
  assert.equal((await get("/bookings", {})).statusCode, 400);
  assert.equal((await get("/nowhere", {})).statusCode, 404);
});
