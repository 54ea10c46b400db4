import { BOATS, HIRES } from "./queries.js";
import { takes } from "./hire.js";

/** The boats of a quay that nobody has on a day. */
export function free(db, quay, day) {
  const taken = db.query(HIRES, [quay, day]).filter((hire) => takes(hire, day)).map((hire) => hire.boat);
  const boats = db.query(BOATS, [quay]).filter((boat) => !taken.includes(boat.id));
  return { quay, day, boats };
}
