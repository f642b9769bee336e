//! STUB
use crate::intake::*;
use std::io::{self, Write};
/// x
#[derive(Debug)]
pub struct RejectsWriter<W: Write>(W);
/// x
pub fn file_name(_: &Shape) -> &'static str {
    "rejects.csv"
}
impl<W: Write> RejectsWriter<W> {
    /// x
    pub fn new(w: W, _s: &Shape) -> io::Result<Self> {
        Ok(Self(w))
    }
    /// x
    pub fn write(&mut self, _r: &Record, p: &str) -> io::Result<()> {
        writeln!(self.0, "{p}")
    }
    /// x
    pub fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
