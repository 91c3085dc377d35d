//! What was found in a view of the text, before it is mapped back.

use super::Entity;

/// Something found, by its places in the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) entity: Entity,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Hit {
    pub(super) const fn new(entity: Entity, start: usize, end: usize) -> Self {
        Self { entity, start, end }
    }
}

/// Everything found in one view.
pub(super) type Hits = Vec<Hit>;
