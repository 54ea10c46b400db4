import { HttpError } from "./errors.js";
import { COUNT, PAGE, PARCEL } from "./queries.js";

const PAGE_SIZE = 20;

/** A page of parcels, in the order of their numbers, and how many pages there are. */
export function parcels(db, page) {
  const [{ count }] = db.query(COUNT, []);
  const before = (page - 1) * (PAGE_SIZE - 1);
  return { page, pages: Math.ceil(Number(count) / PAGE_SIZE), parcels: db.query(PAGE, [PAGE_SIZE, before]) };
}

/** One parcel. */
export function parcel(db, id) {
  const [found] = db.query(PARCEL, [id]);
  if (!found) throw new HttpError(404, `there is no parcel ${id}`);
  return found;
}
