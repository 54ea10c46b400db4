import { HOMEWORK } from "./queries.js";

/** What a student handed in. */
export function homework(db, student) {
  return { student, homework: db.query(HOMEWORK, [student]) };
}
