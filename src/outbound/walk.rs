//! The way through a list that is read page by page while it changes. Pure: it says which page comes next.
//!
//! Why nothing is passed over that was listed when the walk began and still is, whatever the list's order:
//!
//! - Each page begins a little before the end of the one before, and has to show that page's last item
//!   again. As long as it does, the two touch: no item that stood between them can have been skipped. Items
//!   that are added before our place (newest first, or anywhere) move the rest back, so that we see some
//!   again; those that vanish move it forward, which the overlap makes up for. When the last item is not
//!   shown again, more has moved than the overlap holds, and the walk begins anew. So it does when a page is
//!   the one before and the total has not grown: then the offset was not heeded.
//! - What that does not cover is an item that jumps from the part ahead of us to the part behind us (an order
//!   by last change, say). It comes to stand at the front. So a list of more than one page is read again from the
//!   front, until a page shows nothing new. (Counting what was seen against `total` would be cheaper, but what
//!   vanished makes up for what was missed.)
//!
//! What was added to the list after the walk began may be missing; the look after the settle time is for that.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

/// Items of one page: the most that the API gives.
const PAGE_ITEMS: usize = 1_000;

/// Items that a page is asked for.
pub(super) fn page_items() -> usize {
    crate::machine::page_items(PAGE_ITEMS)
}

/// Items of a page that are shown again on the next one.
const OVERLAP_ITEMS: usize = 20;
/// So often may a walk begin anew.
const RESTARTS_MAX: u32 = 3;
/// So many pages of the front are read again at most.
const REREADS_MAX: u32 = 10;

/// What comes after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Another page, from [`Walk::offset`].
    More,
    /// All was seen.
    Done,
    /// The list changes faster than it can be read.
    Unsteady,
    /// The list contradicts itself.
    Broken,
}

/// A way through a list.
#[derive(Debug, Default)]
pub(super) struct Walk {
    offset: usize,
    /// The last item of the page before, if it has to be shown again.
    last: Option<u64>,
    /// The page before, and the total that came with it.
    page: Vec<u64>,
    total: usize,
    /// The largest page so far: the server may give less than it is asked for.
    page_items: usize,
    seen: HashSet<u64>,
    restarts: u32,
    /// Pages of the front that were read again; `None` on the way through.
    rereads: Option<u32>,
}

impl Walk {
    /// Where the next page begins.
    pub(super) const fn offset(&self) -> usize {
        self.offset
    }

    /// Whether no page was taken yet.
    pub(super) fn is_new(&self) -> bool {
        self.seen.is_empty() && self.offset == 0
    }

    /// Returns how many items were seen.
    pub(super) fn count(&self) -> usize {
        self.seen.len()
    }

    /// Takes the page that begins at the offset, and says what comes next.
    pub(super) fn take(&mut self, items: &[Value], total: usize) -> Step {
        let Some(ids) = items.iter().map(digest).collect::<Option<Vec<u64>>>() else {
            return Step::Broken;
        };
        // A list that has grown may show the same again because all of it has moved.
        let is_same = !ids.is_empty() && self.page == ids && total <= self.total;
        self.total = total;
        let touches = !is_same && self.last.is_none_or(|last| ids.contains(&last));
        let is_full = !ids.is_empty()
            && (ids.len() >= page_items() || ids.len() == self.page_items || ids.len() > total);
        self.page_items = self.page_items.max(ids.len());
        let before = self.seen.len();
        self.seen.extend(&ids);
        let is_known = self.seen.len() == before;
        if let Some(rereads) = &mut self.rereads {
            *rereads += 1;
            if is_known {
                return Step::Done;
            }
            if *rereads == REREADS_MAX {
                return Step::Unsteady;
            }
            self.offset += ids.len();
            return Step::More;
        }
        if !touches {
            self.restarts += 1;
            (self.offset, self.last) = (0, None);
            self.page.clear();
            return if self.restarts > RESTARTS_MAX {
                Step::Unsteady
            } else {
                Step::More
            };
        }
        let end = self.offset + ids.len();
        // Behind a page that is full there may be more, whatever the total: some count no further than to a limit.
        if end >= total && !is_full {
            if self.offset == 0 && ids.len() >= total {
                return Step::Done;
            }
            (self.offset, self.last, self.rereads) = (0, None, Some(0));
            return Step::More;
        }
        let Some(&last) = ids.last() else {
            return Step::Broken;
        };
        let overlap = OVERLAP_ITEMS.min(ids.len() / 2);
        self.offset = end - overlap;
        self.last = (overlap > 0).then_some(last);
        self.page = ids;
        Step::More
    }
}

/// Sixty-four bits of an item's id: two that are taken for one only make the front be read again.
fn digest(item: &Value) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    item.get("id")?.as_str()?.hash(&mut hasher);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A list that changes between two pages, walked through. Returns what was seen and the pages read.
    fn walk(
        mut list: Vec<u32>,
        page_items: usize,
        mut change: impl FnMut(&mut Vec<u32>),
    ) -> (HashSet<u32>, usize, Step) {
        let (mut walk, mut seen, mut pages) = (Walk::default(), HashSet::new(), 0);
        loop {
            let page: Vec<u32> = list
                .iter()
                .skip(walk.offset())
                .take(page_items)
                .copied()
                .collect();
            seen.extend(&page);
            pages += 1;
            let items: Vec<_> = page.iter().map(|n| json!({"id": n.to_string()})).collect();
            match walk.take(&items, list.len()) {
                Step::More => change(&mut list),
                end => return (seen, pages, end),
            }
        }
    }

    #[test]
    fn a_list_that_rests_is_read_once_and_its_front_again() {
        for (items, pages) in [
            (0, 1),
            (1, 1),
            (999, 1),
            (1_000, 3),
            (1_001, 3),
            (10_000, 12),
        ] {
            let (seen, read, end) = walk((0..items).collect(), PAGE_ITEMS, |_| {});
            assert_eq!((seen.len(), read, end), (items as usize, pages, Step::Done));
        }
    }

    #[test]
    fn a_server_that_gives_smaller_pages_is_read_whole() {
        for page_items in [1, 2, 3, 100] {
            let (seen, _, end) = walk((0..250).collect(), page_items, |_| {});
            assert_eq!((seen.len(), end), (250, Step::Done), "{page_items}");
        }
    }

    #[test]
    fn nothing_is_passed_over_while_others_come_go_and_jump_in_any_order() {
        let mut unsteady = 0;
        for seed in 0..600 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let stay: Vec<u32> = (0..rng.u32(1..900)).collect();
            let mut list: Vec<u32> = stay.iter().copied().chain(10_000..10_040).collect();
            rng.shuffle(&mut list);
            let (mut next, mut gone) = (20_000, 10_000);
            let kind = seed % 4;
            let (seen, _, end) = walk(list, 100, |list| {
                for _ in 0..rng.usize(0..15) {
                    let at = match kind {
                        0 => 0,
                        1 => list.len(),
                        _ => rng.usize(0..=list.len()),
                    };
                    list.insert(at, next);
                    next += 1;
                }
                // Requests that nobody looks for vanish.
                for _ in 0..rng.usize(0..4) {
                    list.retain(|n| *n != gone || gone >= 10_040);
                    gone += 1;
                }
                // Somebody changes one, in a list ordered by last change.
                if kind == 0 {
                    let at = rng.usize(0..list.len());
                    let changed = list.remove(at);
                    list.insert(0, changed);
                }
            });
            if end == Step::Unsteady {
                unsteady += 1;
                continue;
            }
            assert_eq!(end, Step::Done, "seed {seed}");
            let missed: Vec<_> = stay.iter().filter(|n| !seen.contains(n)).collect();
            assert!(missed.is_empty(), "seed {seed}: {missed:?}");
        }
        assert!(unsteady < 60, "{unsteady} of 600 walks gave up");
    }

    #[test]
    fn a_list_that_moves_more_than_the_overlap_holds_is_begun_anew_and_then_given_up() {
        let mut left = 1;
        let lose = |list: &mut Vec<u32>| {
            if left > 0 {
                list.drain(..50);
                left -= 1;
            }
        };
        let (seen, _, end) = walk((0..500).collect(), 100, lose);
        assert_eq!(end, Step::Done);
        assert!((50..500).all(|n| seen.contains(&n)));
        let (_, _, end) = walk((0..5_000).collect(), 100, |list| drop(list.drain(..50)));
        assert_eq!(end, Step::Unsteady);
    }

    #[test]
    fn a_server_that_gives_the_same_page_whatever_the_offset_is_not_believed() {
        let page: Vec<_> = (0..1_000).map(|n| json!({"id": n.to_string()})).collect();
        let mut walk = Walk::default();
        let end = loop {
            match walk.take(&page, 5_000) {
                Step::More => {}
                end => break end,
            }
        };
        assert_eq!(end, Step::Unsteady);
    }

    #[test]
    fn a_total_that_is_capped_hides_nothing() {
        let list: Vec<_> = (0..3_500).map(|n| json!({"id": n.to_string()})).collect();
        let (mut walk, mut seen) = (Walk::default(), HashSet::new());
        loop {
            let from = walk.offset().min(list.len());
            let page = &list[from..list.len().min(from + PAGE_ITEMS)];
            seen.extend(page.iter().map(ToString::to_string));
            if walk.take(page, 2_000) == Step::Done {
                break;
            }
        }
        assert_eq!(seen.len(), list.len());
    }

    #[test]
    fn a_list_that_ends_before_its_total_or_has_items_without_id_is_broken() {
        let mut walk = Walk::default();
        assert_eq!(walk.take(&[], 5), Step::Broken);
        assert_eq!(Walk::default().take(&[json!({})], 1), Step::Broken);
    }
}
