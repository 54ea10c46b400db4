// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const DEPARTURES = "select line, towards, planned, delay, platform from departures where stop = $1 order by planned, line";
