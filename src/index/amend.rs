//! Fields of a note changed: the note is written anew with the vectors it has, and nothing is encoded.

use super::Index;
use super::compact::prepared_again;
use super::prepare::{Prepared, check};
use super::writer::Writer;
use crate::error::{Error, Result};
use crate::note::Value;
use crate::segment::{field_of, note_of};

impl Index {
    /// Changes fields of a note: one with a value is set, one with `None` is removed, all others stay. Vectors, text and
    /// pictures stay as they are, and the encoder is not asked. The first change of a note of a segment reads that file whole, to
    /// hold it against its checksums: what is taken over gets new ones.
    ///
    /// ```
    /// use uninote::{Index, Note, Value};
    ///
    /// # fn main() -> uninote::Result<()> {
    /// let index = Index::in_memory()?;
    /// index.add(Note::new("tent").text("A tent for two.").field("price", 120).field("new", true))?;
    /// index.update_fields("tent", [("price", Some(Value::from(99))), ("new", None)])?;
    /// index.commit()?;
    /// assert_eq!(index.get("tent")?.unwrap().fields["price"], Value::from(99));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NoSuchNote`] if there is none with this id; [`Error::Note`] if it would be refused with these fields;
    /// damage met on the way.
    pub fn update_fields<N: Into<String>>(
        &self,
        id: &str,
        fields: impl IntoIterator<Item = (N, Option<Value>)>,
    ) -> Result<()> {
        let fields = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
        self.write(|writer| writer.update_fields(id, fields))
    }
}

impl Writer {
    fn update_fields(&mut self, id: &str, fields: Vec<(String, Option<Value>)>) -> Result<()> {
        let absent = || Error::NoSuchNote { id: id.to_owned() };
        if self.newest.contains_key(id) {
            // On its way: it is waited for, and is then either encoded or refused.
            self.encode_all()?;
        }
        let waiting = self.newest.get(id).copied();
        let place = waiting.and_then(|newest| self.encoded.iter().position(|(sequence, _)| *sequence == newest));
        let mut prepared = match place.and_then(|place| self.encoded.get(place)) {
            Some((_, prepared)) => prepared.clone(),
            None => {
                let (index, note) = self.find(id)?.ok_or_else(absent)?;
                let entry = self.segments.get(index).ok_or_else(absent)?;
                entry.segment.check_once()?;
                prepared_again(entry, note, self.manifest.spaces.len())?
            }
        };
        if !amend(&mut prepared, fields)? {
            self.changes.unchanged += u64::from(place.is_none());
            return Ok(());
        }
        match place.and_then(|place| self.encoded.get_mut(place)) {
            Some((_, waiting)) => *waiting = prepared,
            None => {
                self.spill_if_large()?;
                self.sequence += 1;
                self.newest.insert(id.to_owned(), self.sequence);
                self.keep((self.sequence, prepared));
            }
        }
        Ok(())
    }
}

/// Changes the fields of a note that is ready; false if it had them so.
fn amend(prepared: &mut Prepared, fields: Vec<(String, Option<Value>)>) -> Result<bool> {
    let mut record = prepared.record.clone();
    for (name, value) in fields {
        record.fields.retain(|(known, _)| *known != name);
        record.fields.extend(value.map(|value| (name, field_of(&value))));
    }
    record.fields.sort_by(|(left, _), (right, _)| left.cmp(right));
    if record.fields == prepared.record.fields {
        return Ok(false);
    }
    // As the note it stands for, which is held to the same bounds as a new one; what it consists of is in its rows.
    let note = note_of(record.clone(), |_| Ok::<_, Error>(Vec::new()))?;
    check(&note, prepared.row_count() > 0)?;
    record.content_hash = record.hash_content();
    prepared.record = record;
    Ok(true)
}
