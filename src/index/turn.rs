//! Calls that write, one at a time: each finds the writer where the one before has left it.

use super::Index;
use super::writer::Writer;
use crate::error::Result;

impl Index {
    /// As `write`, where this handle has written before; else there is nothing to do.
    pub(super) fn written(&self, call: impl FnOnce(&mut Writer) -> Result<()>) -> Result<()> {
        if self.writer.lock().is_some() { self.write(call) } else { Ok(()) }
    }

    pub(super) fn write<T>(&self, call: impl FnOnce(&mut Writer) -> Result<T>) -> Result<T> {
        let mut slot = self.writer.lock();
        let (result, writer) = self.call(&mut slot, call)?;
        let poisoned = result.as_ref().is_err_and(|error| self.shared.poison_after(error));
        if !poisoned {
            *slot = Some(writer);
        }
        result
    }

    /// As `write`, but nothing of the writer is kept, with the lock and what is not committed.
    pub(super) fn write_and_end<T>(&self, call: impl FnOnce(&mut Writer) -> Result<T>) -> Result<T> {
        let mut slot = self.writer.lock();
        let (result, writer) = self.call(&mut slot, call)?;
        drop(writer);
        result.inspect_err(|error| {
            self.shared.poison_after(error);
        })
    }

    fn call<T>(
        &self,
        slot: &mut Option<Writer>,
        call: impl FnOnce(&mut Writer) -> Result<T>,
    ) -> Result<(Result<T>, Writer)> {
        self.shared.check_health()?;
        // Taken out for the call: if it panics, what is half done goes with it, and the next call starts from the last
        // commit.
        let mut writer = match slot.take() {
            Some(writer) => writer,
            None => Writer::start(&self.shared, &self.writer)?,
        };
        Ok((call(&mut writer), writer))
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        // A thread that publishes a merge may hold the slot at this moment: it is waited for, so that the writer lock is free
        // from here on.
        let writer = self.writer.lock().take();
        drop(writer);
    }
}
