//! The policy's `privacy` section where the detectors are not: it is taken as it stands, for only they know what it says.

use crate::json::Json;
use crate::policy::read::{Read, Reader};

/// That there is such a section. Whoever opens a policy with one asks the detectors whether it is good.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrivacySection;

impl Read for PrivacySection {
    fn read(_: &Json, _: &mut Reader) -> Option<Self> {
        Some(Self)
    }
}
