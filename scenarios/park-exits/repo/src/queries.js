// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const EXITS = "select id, minutes from exits where garage = $1 order by id";
