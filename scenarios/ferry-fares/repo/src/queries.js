// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const TICKETS = "select id, kind, age, way from tickets where pier = $1 order by id desc limit 20";
