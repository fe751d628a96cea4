//! How long a search takes, one query at a time.

use std::time::Duration;

/// Times of searches that ran one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latency {
    /// Searches that were timed.
    pub queries: usize,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 95 of 100 took no longer.
    pub p95: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
}

impl Latency {
    /// Of these times; none where there are none.
    pub(super) fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        // The smallest time that the share did not exceed.
        let at = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100);
            times.get(rank.saturating_sub(1)).copied()
        };
        Some(Self { queries: times.len(), p50: at(50)?, p95: at(95)?, p99: at(99)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_taken() {
        let times = |n: u64| (1..=n).rev().map(Duration::from_millis).collect::<Vec<_>>();
        let of_200 = Latency::of(times(200)).unwrap();
        assert_eq!((of_200.p50, of_200.p95, of_200.p99), (times(100)[0], times(190)[0], times(198)[0]));
        let of_one = Latency::of(times(1)).unwrap();
        assert_eq!((of_one.p50, of_one.p99), (Duration::from_millis(1), Duration::from_millis(1)));
        assert_eq!(Latency::of(Vec::new()), None);
    }
}
