// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const BOOKINGS = "select id, cents, state from bookings where account = $1 order by id";
