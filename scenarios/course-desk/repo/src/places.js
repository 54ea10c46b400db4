import { HttpError } from "./errors.js";
import { POINTS } from "./queries.js";

/** Who stands where in a course: the most points first. */
export function places(db, course) {
  const rows = db.query(POINTS, [course]);
  if (rows.length === 0) throw new HttpError(404, `there is no course ${course}`);
  const sums = rows.map(({ student, points }) => ({ student, points: Number(points) }));
  return { course, places: sums.map((row, index) => ({ place: index + 1, ...row })) };
}
