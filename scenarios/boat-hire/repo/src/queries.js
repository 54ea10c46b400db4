// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const BOATS = "select id, name from boats where quay = $1 order by id";

export const HIRES = "select boat, from_day, to_day from hires where quay = $1 and from_day <= $2 and to_day >= $2";
