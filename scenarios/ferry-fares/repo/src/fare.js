const SINGLE_CENTS = { person: 1200, bicycle: 400, dog: 600 };
/** The way back costs this part of a single. */
const BACK_PERCENT = 75;

/** What part of the fare somebody of an age pays, in per cent. */
function share(kind, age) {
  if (kind !== "person") return 100;
  if (age < 4) return 0;
  return age < 16 ? 50 : 100;
}

/** What a ticket costs: a single, or a return, whose way back is cheaper. */
export function fare({ kind, age, way }) {
  const there = (SINGLE_CENTS[kind] * share(kind, age)) / 100;
  const back = (SINGLE_CENTS[kind] * BACK_PERCENT) / 100;
  return way === "return" ? there + back : there;
}
