import test from "node:test";
import assert from "node:assert/strict";
import { badge } from "../src/badge.js";
import { build, database } from "./rows.js";

test("the badge shows the latest build", () => {
  const db = database([build("a/a", "1", "failed"), build("a/a", "2", "passed")]);
  assert.deepEqual(badge(db, "a/a", "main"), {
    repository: "a/a",
    branch: "main",
    build: "2",
    state: "passed",
    colour: "green",
  });
});

test("a build that is still running does not count while there is another", () => {
  const db = database([build("a/a", "1", "passed"), build("a/a", "2", "running")]);
  assert.equal(badge(db, "a/a", "main").state, "passed");
  assert.equal(badge(database([build("a/a", "1", "running")]), "a/a", "main").state, "running");
});

test("branches have badges of their own", () => {
  const db = database([build("a/a", "1", "passed"), build("a/a", "2", "failed", "next")]);
  assert.equal(badge(db, "a/a", "main").state, "passed");
  assert.equal(badge(db, "a/a", "next").state, "failed");
});

test("a branch without builds has none", () => {
  assert.throws(() => badge(database(), "a/a", "main"), /no builds/);
});
