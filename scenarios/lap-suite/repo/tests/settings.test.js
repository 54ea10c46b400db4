import test from "node:test";
import assert from "node:assert/strict";
import { resolve, settings } from "../src/settings.js";

test("what stands in one layer counts", () => {
  assert.deepEqual(resolve([{ a: 1 }, { b: 2 }]), { a: 1, b: 2 });
});

test("every run has a database and a user", () => {
  for (const run of ["suite", "deploy"]) {
    const { db, user, name } = settings(run);
    assert.ok(db && user && name);
  }
});
