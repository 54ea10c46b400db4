import { BUILDS, REPOSITORIES } from "./queries.js";

/** The builds of a repository, latest first. */
export function listBuilds(db, repository) {
  const builds = db.query(BUILDS, [repository]);
  return { repository, builds: builds.map(({ number, branch, state, started_at }) => ({ number, branch, state, started_at })) };
}

/** The repositories that have builds. */
export function listRepositories(db) {
  return { repositories: db.query(REPOSITORIES, []).map(({ name }) => name) };
}
