//! Integer arithmetic of the rules: multiply before dividing, truncate toward zero, saturate
//! instead of wrapping.

/// 1.0, in thousandths or per mille.
pub const ONE: i64 = 1000;

/// `value * per_mille / 1000`.
///
/// ```
/// use sector_sim::units::scale;
/// assert_eq!(scale(10_000, 350), 3_500);
/// assert_eq!(scale(-1, 999), 0);
/// assert_eq!(scale(i64::MAX, 2000), i64::MAX);
/// ```
#[must_use]
pub fn scale(value: i64, per_mille: i64) -> i64 {
    ratio(value, per_mille, ONE)
}

/// `value * multiplier / divisor` without intermediate overflow, truncated towards zero and
/// saturated; `value` if the divisor is 0.
#[must_use]
pub fn ratio(value: i64, multiplier: i64, divisor: i64) -> i64 {
    if multiplier == divisor {
        return value;
    }
    // The common case fits in 64 bits, where division is several times faster.
    if let Some(product) = value.checked_mul(multiplier) {
        return product.checked_div(divisor).unwrap_or(if divisor == 0 { value } else { i64::MAX });
    }
    if divisor == 0 {
        return value;
    }
    let wide = i128::from(value) * i128::from(multiplier) / i128::from(divisor);
    i64::try_from(wide).unwrap_or(if wide < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ratio_is_the_exact_quotient_truncated_and_saturated(value: i64, multiplier: i64, divisor: i64) {
            let expected = if divisor == 0 {
                i128::from(value)
            } else {
                (i128::from(value) * i128::from(multiplier) / i128::from(divisor)).clamp(i128::from(i64::MIN), i128::from(i64::MAX))
            };
            prop_assert_eq!(i128::from(ratio(value, multiplier, divisor)), expected);
        }

        #[test]
        fn a_part_is_never_more_than_the_whole(value in 0..=i64::MAX, per_mille in 0..=1000i64) {
            let part = scale(value, per_mille);
            prop_assert!((0..=value).contains(&part));
            prop_assert!(part.checked_add(scale(value, ONE - per_mille)).is_some_and(|sum| sum <= value));
        }
    }
}
