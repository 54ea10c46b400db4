/** Whether a hire takes its boat on a day. Boats go out in the afternoon and come back in the morning. */
export function takes({ from_day: from, to_day: to }, day) {
  return from <= day && day <= to;
}
