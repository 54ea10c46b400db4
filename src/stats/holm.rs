//! Several tests at once.

/// The p of each test adjusted for the family that it is one of, in the order given: Holm, *A simple sequentially
/// rejective multiple test procedure*, Scandinavian Journal of Statistics 6 (1979). Rejecting what is at most α calls
/// anything falsely with a chance of at most α, whatever the tests have to do with each other.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = p.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let mut adjusted: Vec<(usize, f64)> = Vec::with_capacity(order.len());
    let mut highest = 0.0_f64;
    let mut left = super::count::to_f64(super::count::count(p));
    for (place, p) in order {
        highest = highest.max(p * left).min(1.0);
        left -= 1.0;
        adjusted.push((place, highest));
    }
    adjusted.sort_by_key(|(place, _)| *place);
    adjusted.into_iter().map(|(_, p)| p).collect()
}
