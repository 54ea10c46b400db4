/** Whether a stay takes beds in a night, named by the day on which it begins. */
export function takes(stay, night) {
  return stay.arrives <= night && night <= stay.leaves;
}
