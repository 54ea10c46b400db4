import test from "node:test";
import assert from "node:assert/strict";
import { refund } from "../src/refund.js";
import { database, line } from "./rows.js";

test("a whole order comes back, with its shipping", () => {
  const db = database({ lines: [line("boots", 1, 12900), line("laces", 2, 450)] });
  assert.deepEqual(refund(db, "R-1"), {
    return: "R-1",
    order: "O-1",
    lines: [
      { article: "boots", returned: 1, refund: 12900 },
      { article: "laces", returned: 2, refund: 900 },
    ],
    goods: 13800,
    shipping: 490,
    total: 14290,
  });
});

test("what was taken off is not paid back", () => {
  const db = database({ lines: [line("boots", 2, 10000, { discount: 3000 })] });
  assert.equal(refund(db, "R-1").goods, 17000);
});

test("shipping stays if something else was kept", () => {
  const db = database({ lines: [line("boots", 1, 12900)], ordered: 2 });
  assert.equal(refund(db, "R-1").shipping, 0);
});

test("an unknown return is a 404", () => {
  assert.throws(() => refund(database({}), "R-9"), /there is no return R-9/);
});
