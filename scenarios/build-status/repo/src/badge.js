import { HttpError } from "./errors.js";
import { BUILDS_OF_BRANCH } from "./queries.js";

const COLOURS = { passed: "green", failed: "red", canceled: "grey", running: "yellow" };

/** What a branch's badge shows: the state of its latest build that is not still running, or `running` if none other is there. */
export function badge(db, repository, branch) {
  const builds = db.query(BUILDS_OF_BRANCH, [repository, branch]);
  if (builds.length === 0) throw new HttpError(404, `${repository} has no builds on ${branch}`);
  const done = builds.filter((build) => build.state !== "running");
  const { number, state } = latest(done.length > 0 ? done : builds);
  return { repository, branch, build: number, state, colour: COLOURS[state] ?? "grey" };
}

/** The build with the highest number. */
export function latest(builds) {
  return builds.reduce((best, build) => (build.number > best.number ? build : best));
}
