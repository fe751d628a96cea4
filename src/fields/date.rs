//! Dates as spans of time: a year, a month, a day, or an instant.

use crate::note::time::{format_millis, parse_millis};

const DAY: i64 = 86_400_000;

/// From the first millisecond to before the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: i64,
    /// One past its last millisecond.
    pub(super) end: i64,
}

impl Span {
    /// One millisecond.
    pub(super) const fn instant(millis: i64) -> Self {
        Self { start: millis, end: millis.saturating_add(1) }
    }

    /// A year of four digits.
    pub(super) fn year(year: i64) -> Option<Self> {
        let first = |year: i64| parse_millis(&format!("{year:04}-01-01T00:00:00Z"));
        let end = if year == 9_999 { first(year)?.saturating_add(365 * DAY) } else { first(year.checked_add(1)?)? };
        (0..=9_999).contains(&year).then(|| first(year)).flatten().map(|start| Self { start, end })
    }

    /// A month, a day or an instant, as it is written; no year, which is a number as well.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<&str> = text.split('-').collect();
        match parts.as_slice() {
            [year, month] if digits(year, 4) && digits(month, 2) => {
                let first = |year: i64, month: i64| parse_millis(&format!("{year:04}-{month:02}-01T00:00:00Z"));
                let (year, month) = (year.parse().ok()?, month.parse::<i64>().ok()?);
                let start = first(year, month)?;
                let end = match month {
                    12 => Self::year(year)?.end,
                    _ => first(year, month + 1)?,
                };
                Some(Self { start, end })
            }
            [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2) => {
                let start = parse_millis(&format!("{text}T00:00:00Z"))?;
                Some(Self { start, end: start.saturating_add(DAY) })
            }
            [year, ..] if digits(year, 4) && text.contains(['T', 't']) => {
                // An offset may carry it out of the years of four digits, in which dates are written.
                let years = Self::year(0)?.start..Self::year(9_999)?.end;
                parse_millis(text).filter(|millis| years.contains(millis)).map(Self::instant)
            }
            _ => None,
        }
    }

    /// As it can be read back, if it can: the shortest way of writing it.
    pub(super) fn text(&self) -> Option<String> {
        let whole = format_millis(self.start)?;
        let shorter = [7, 10].into_iter().filter_map(|length| whole.get(..length));
        let same = |text: &&str| Self::parse(text) == Some(*self);
        let found = shorter.into_iter().find(same).map(str::to_owned);
        found.or_else(|| (*self == Self::instant(self.start)).then_some(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_all_of_what_is_written() {
        let at = |text: &str| parse_millis(text).unwrap();
        let span = |start: &str, end: &str| Some(Span { start: at(start), end: at(end) });
        assert_eq!(Span::year(2020), span("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"));
        assert_eq!(Span::parse("2020-02"), span("2020-02-01T00:00:00Z", "2020-03-01T00:00:00Z"));
        assert_eq!(Span::parse("2020-12"), span("2020-12-01T00:00:00Z", "2021-01-01T00:00:00Z"));
        assert_eq!(Span::parse("2020-02-29"), span("2020-02-29T00:00:00Z", "2020-03-01T00:00:00Z"));
        assert_eq!(Span::parse("2020-02-29T12:00:00+02:00"), Some(Span::instant(at("2020-02-29T10:00:00Z"))));
        for none in [
            "2020",
            "2020-13",
            "2021-02-29",
            "20-02",
            "2020-2-3",
            "x-01",
            "2020-01-01T",
            "-2020-01",
            "0000-01-01T00:00:00+23:00",
        ] {
            assert_eq!(Span::parse(none), None, "{none}");
        }
        assert!(Span::year(9_999).is_some() && Span::year(10_000).is_none() && Span::year(-1).is_none());
        assert!(Span::year(i64::MAX).is_none());
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["2020-02", "2020-12", "2020-02-29", "2020-02-29T12:00:00Z", "2020-02-29T12:00:00.25Z", "9999-12"] {
            let span = Span::parse(text).unwrap();
            assert_eq!(span.text().and_then(|text| Span::parse(&text)), Some(span), "{text}");
        }
    }
}
