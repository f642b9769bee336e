//! Limits on a workbook and on the process that takes it apart.

/// Largest workbook that is read, in bytes: it is held in memory while it is taken apart.
pub const WORKBOOK_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Memory that the child may have, in bytes of address space.
pub const MEMORY_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Processor time that the child may take for any workbook, in seconds.
pub const CPU_SECONDS_FREE: u64 = 60;
/// Processor time that it may take beyond that, in seconds for each MiB of the workbook.
pub const CPU_SECONDS_PER_MIB: u64 = 20;
/// Merged cells of a sheet that are known.
pub const MERGES_MAX: usize = 65_536;
