/** A delay for a display: minutes, and nothing below a minute. */
export function shown(seconds) {
  const minutes = Math.floor(seconds / 60) % 60;
  return minutes > 0 ? `+${minutes}` : "";
}
