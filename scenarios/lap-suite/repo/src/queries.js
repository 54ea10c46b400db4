// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const FASTEST = "select id, kart, ms from laps where track = $1 order by ms, id limit 10";
