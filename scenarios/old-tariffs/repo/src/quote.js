import { HttpError } from "./errors.js";
import { TARIFF } from "./queries.js";

/** What a year costs by a tariff, in cents. */
export function quote(db, name, kwh) {
  const [tariff] = db.query(TARIFF, [name]);
  if (!tariff) throw new HttpError(404, `there is no tariff ${name}`);
  const energy = Math.round(kwh * tariff.unit_ct);
  const month = Math.round(tariff.standing_ct / 12);
  const standing = month * 12;
  return { tariff: name, kwh, energy_ct: energy, standing_ct: standing, month_ct: month, total_ct: energy + standing };
}
