//! Dates in and out: RFC 3339 text to milliseconds since the epoch, and back.

use jiff::{Timestamp, civil, tz::TimeZone};

/// Reads a date (`2021-03-11`) or a date-time (`2021-03-11T10:30:00+01:00`; a space may stand for
/// the `T`). Without a zone the text is read as UTC, and a date alone is its midnight.
///
/// Returns milliseconds since 1970-01-01T00:00:00Z, or `None` for any other text: only the
/// four-digit year form with dashes counts, so that a plain number such as `20210311` stays what
/// it is.
pub fn parse_millis(text: &str) -> Option<i64> {
    let text = text.trim();
    if !has_date_shape(text.as_bytes()) {
        return None;
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let local = match text.parse::<civil::Date>() {
        Ok(date) if text.len() == DATE_BYTES => date.to_datetime(civil::Time::midnight()),
        _ => text.parse::<civil::DateTime>().ok()?,
    };
    let instant = TimeZone::UTC.to_timestamp(local).ok()?;
    Some(instant.as_millisecond())
}

/// Writes an instant as RFC 3339 in UTC; `None` outside the years -9999 to 9999.
pub fn format_millis(millis: i64) -> Option<String> {
    let instant = Timestamp::from_millisecond(millis).ok()?;
    Some(instant.to_string())
}

const DATE_BYTES: usize = "2021-03-11".len();

fn has_date_shape(text: &[u8]) -> bool {
    let Some((date, rest)) = text.split_at_checked(DATE_BYTES) else {
        return false;
    };
    let dashes_and_digits = date.iter().enumerate().all(|(at, byte)| match at {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    dashes_and_digits && matches!(rest.first(), None | Some(b'T' | b't' | b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_and_date_times() {
        let day = 1_615_420_800_000;
        for (text, millis) in [
            ("2021-03-11", day),
            ("2021-03-11T00:00:00Z", day),
            ("2021-03-11 01:00:00+01:00", day),
            ("2021-03-11T00:00:00.250Z", day + 250),
            ("2021-03-11T06:30:00", day + 23_400_000),
            ("2021-03-11 06:30", day + 23_400_000),
            (" 2021-03-11\r", day),
        ] {
            assert_eq!(parse_millis(text), Some(millis), "{text}");
        }
    }

    #[test]
    fn other_text_is_no_date() {
        for text in [
            "",
            "2021",
            "20210311",
            "2021-13-01",
            "2021-02-30",
            "2021-03-11x",
            "2021-03-11 and later",
            "11-03-2021",
            "soon",
            "2021-03-1é",
        ] {
            assert_eq!(parse_millis(text), None, "{text}");
        }
    }

    #[test]
    fn formatting_is_the_inverse() {
        for millis in [0, -1, 1_615_420_800_123, 253_370_764_800_000] {
            let text = format_millis(millis).expect("in the calendar");
            assert_eq!(parse_millis(&text), Some(millis), "{text}");
        }
        assert_eq!(format_millis(i64::MAX), None);
    }
}
