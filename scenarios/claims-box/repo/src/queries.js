// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const CLAIMS = "select ref, policy, state from claims where ref = $1 order by policy";
