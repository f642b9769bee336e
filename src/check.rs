//! Reads everything of a plan and sums it up; sends nothing.
