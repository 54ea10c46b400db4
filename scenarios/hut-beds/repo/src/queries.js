// All SQL stands here, so that a change of schema has one file to visit.

export const PING = "select 1 as one";

export const ROOMS = "select id, room, beds from rooms where hut = $1 order by id";

export const STAYS = "select room, persons, arrives, leaves from stays where hut = $1 order by id";
