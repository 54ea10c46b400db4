import { BUILDS, BUILDS_OF_BRANCH, PING, REPOSITORIES } from "../src/queries.js";

/** A stand-in for the database that answers the service's own queries from a list of rows. */
export function database(builds = []) {
  const later = (a, b) => (a.started_at < b.started_at ? 1 : -1);
  const answers = new Map([
    [PING, () => [{ one: 1 }]],
    [REPOSITORIES, () => [...new Set(builds.map((b) => b.repository))].sort().map((name) => ({ name }))],
    [BUILDS, ([repository]) => builds.filter((b) => b.repository === repository).sort(later)],
    [BUILDS_OF_BRANCH, ([repository, branch]) => builds.filter((b) => b.repository === repository && b.branch === branch)],
  ]);
  return {
    query(sql, parameters) {
      const rows = answers.get(sql);
      if (!rows) throw new Error(`the tests know no answer to: ${sql}`);
      return rows(parameters);
    },
  };
}

export function build(repository, number, state, branch = "main") {
  const day = String(Number(number) % 28 + 1).padStart(2, "0");
  return { repository, number, branch, state, started_at: `2025-10-${day}T08:00:00Z` };
}
