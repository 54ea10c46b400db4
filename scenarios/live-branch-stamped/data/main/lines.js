/** Whether a line is shown at all. */
export function runs(_line) {
  return true;
}
