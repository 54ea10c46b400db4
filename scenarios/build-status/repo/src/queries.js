// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const REPOSITORIES = "select distinct repository as name from builds order by repository";

export const BUILDS =
  "select number, branch, state, started_at from builds where repository = $1 order by started_at desc, number desc";

export const BUILDS_OF_BRANCH = "select number, state from builds where repository = $1 and branch = $2";
