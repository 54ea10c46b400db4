import { ROOMS, STAYS } from "./queries.js";
import { takes } from "./nights.js";

/** The rooms of a hut, each with its beds and how many of them are free in a night. */
export function beds(db, hut, night) {
  const stays = db.query(STAYS, [hut]).filter((stay) => takes(stay, night));
  const taken = (room) =>
    stays.filter((stay) => stay.room === room).reduce((sum, stay) => sum + Number(stay.persons), 0);
  const shown = ({ id, room, beds }) => ({ id, room, beds: Number(beds), free: Number(beds) - taken(id) });
  return { hut, night, rooms: db.query(ROOMS, [hut]).map(shown) };
}
