// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const GAUGES = "select id, level_cm, mark_cm from gauges where port = $1 order by id";
