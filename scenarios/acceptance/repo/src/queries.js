// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const RUNS = "select id, started_at, outcome, archived from runs where device = $1 order by started_at desc, id desc limit 50";

export const OPEN = "select device, archived, count(*) as runs from runs group by device, archived order by device";
