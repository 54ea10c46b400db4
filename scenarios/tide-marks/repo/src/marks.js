/** How far a level stands above its mark, and whether that is to be warned of: from the mark on. */
export function warning(level, mark) {
  const above = level - mark;
  return { above, warn: above > 0 };
}
